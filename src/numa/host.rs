//! The host's name and identity.

/// The kernel's name of the host; `localhost` when it has none.
pub fn host_name() -> String {
    read("/proc/sys/kernel/hostname").unwrap_or_else(|| "localhost".to_string())
}

/// A host's name without its domain, as batch systems know it; an IP address stays as it is.
pub fn short_name(host: &str) -> &str {
    let address = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    if address { host } else { host.split('.').next().unwrap_or(host) }
}

/// The kernel's number of a PU's socket; `None` when it gives none.
pub fn package_of(pu: u32) -> Option<u32> {
    // The file holds -1 when the firmware gave no number.
    read(&format!("/sys/devices/system/cpu/cpu{pu}/topology/physical_package_id"))?.parse().ok()
}

/// A string that is equal for two ranks exactly when they run on the same host: the name and the kernel's boot id.
///
/// Neither is enough alone: machines made from one image share the name, and containers on one machine, which a batch
/// system may treat as separate hosts, share the boot id.
pub fn host_identity() -> String {
    let boot = read("/proc/sys/kernel/random/boot_id").or_else(|| read("/etc/machine-id"));
    format!("{} {}", host_name(), boot.unwrap_or_default())
}

fn read(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let text = text.trim();
    if text.is_empty() { None } else { Some(text.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_a_batch_system_knows() {
        assert_eq!(short_name("n0123.cluster.example"), "n0123");
        assert_eq!(short_name("10.0.0.7"), "10.0.0.7");
        assert_eq!(short_name("n1"), "n1");
    }

    #[test]
    fn the_identity_begins_with_the_name_and_does_not_change() {
        let identity = host_identity();
        assert!(identity.starts_with(&host_name()) && identity.len() > host_name().len(), "{identity}");
        assert_eq!(identity, host_identity());
        assert!(!identity.contains('\n'));
    }
}
