//! Pages of the operating system: their size, and the counts of where those of a range are.
#![allow(unsafe_code)]

/// Counts of local, remote and absent pages of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct PageCounts {
    /// Pages on the rank's own node.
    pub local_pages: u64,
    /// Pages on another node.
    pub remote_pages: u64,
    /// Pages with no memory behind them.
    pub absent_pages: u64,
    /// `None` when the kernel answered; otherwise the reason why it did not, and all counts are 0.
    pub unverified: Option<String>,
}

impl PageCounts {
    /// A result without an answer, for the reason `why`.
    pub fn unverified(why: impl Into<String>) -> PageCounts {
        PageCounts { unverified: Some(why.into()), ..PageCounts::default() }
    }

    /// Counts one page.
    pub(super) fn add(&mut self, found: Option<u32>, own: u32) {
        match found {
            Some(node) if node == own => self.local_pages += 1,
            Some(_) => self.remote_pages += 1,
            None => self.absent_pages += 1,
        }
    }
}

/// Size of an OS page, in bytes.
pub fn page_bytes() -> usize {
    // SAFETY: `sysconf` takes no pointer and only returns a constant of the system.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).expect("every system has a page size")
}
