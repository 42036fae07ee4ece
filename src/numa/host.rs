//! What the host is called, and what tells it from others.

/// The host's name as the kernel has it; `localhost` where it does not say.
pub fn host_name() -> String {
    read("/proc/sys/kernel/hostname").unwrap_or_else(|| "localhost".to_string())
}

/// The socket of a PU, as the kernel counts; `None` when it does not say.
pub fn package_of(pu: u32) -> Option<u32> {
    // -1 where the firmware did not tell.
    read(&format!("/sys/devices/system/cpu/cpu{pu}/topology/physical_package_id"))?.parse().ok()
}

/// A string that is equal for two ranks exactly when they run on the same host: the name and the kernel's boot id.
///
/// The name alone is shared by machines made from one image; the boot id alone by containers of one machine, whose
/// batch system gave them apart as hosts of their own.
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
    fn the_identity_begins_with_the_name_and_does_not_change() {
        let identity = host_identity();
        assert!(identity.starts_with(&host_name()) && identity.len() > host_name().len(), "{identity}");
        assert_eq!(identity, host_identity());
        assert!(!identity.contains('\n'));
    }
}
