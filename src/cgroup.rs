//! The location of this process's control group, in version 1, version 2, or both at once, seen from inside or outside
//! a container.

use std::path::{Path, PathBuf};

/// The version of the interface. The two versions name their files differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// One hierarchy per controller.
    One,
    /// One hierarchy for all controllers.
    Two,
}

/// This process's group in the hierarchy of one controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    /// The version of the interface.
    pub version: Version,
    top: PathBuf,
    own: PathBuf,
}

impl Cgroup {
    /// This process's group in the hierarchy of `controller` (`memory`, `cpu`); `None` when none is visible.
    pub fn find(controller: &str) -> Option<Cgroup> {
        Cgroup::find_below(Path::new("/"), controller)
    }

    /// As [`Cgroup::find`], in a tree that is laid out like `/`.
    pub fn find_below(root: &Path, controller: &str) -> Option<Cgroup> {
        let own = std::fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
        let mounts = std::fs::read_to_string(root.join("proc/self/mountinfo")).ok()?;
        find(root, controller, &own, &mounts)
    }

    /// The directories of the group and of all visible groups above it, from the bottom up.
    pub fn levels(&self) -> impl Iterator<Item = &Path> {
        self.own.ancestors().take_while(|path| path.starts_with(&self.top))
    }
}

fn find(root: &Path, controller: &str, own: &str, mounts: &str) -> Option<Cgroup> {
    let line = |wanted: &dyn Fn(&str) -> bool| {
        own.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            controllers.split(',').any(wanted).then_some(path)
        })
    };
    // Version 1 comes first: where both are mounted, a controller is attached to only one, and version 1 lists it by
    // name.
    let (version, path) = match (line(&|name| name == controller), line(&str::is_empty)) {
        (Some(path), _) => (Version::One, path),
        (None, Some(path)) => (Version::Two, path),
        (None, None) => return None,
    };
    let (mounted, point) = mounts.lines().find_map(|line| mount_of(version, controller, line))?;
    // Joined without the leading slash: `join` would drop the root for an absolute path.
    let top = root.join(point.strip_prefix('/').unwrap_or(point));
    // A container sees only its own part of the tree: the part at `mounted` is mounted, and the path may begin with it.
    let below = Path::new(path).strip_prefix(mounted).or_else(|_| Path::new(path).strip_prefix("/")).ok()?;
    let own = top.join(below);
    let own = if own.is_dir() { own } else { top.clone() };
    Some(Cgroup { version, top, own })
}

/// The mounted part of the tree and its mount point, if a line of mountinfo mounts the controller.
fn mount_of<'line>(version: Version, controller: &str, line: &'line str) -> Option<(&'line str, &'line str)> {
    let (before, after) = line.split_once(" - ")?;
    let mut after = after.split_whitespace();
    let (kind, options) = (after.next()?, after.nth(1)?);
    let matches = match version {
        Version::One => kind == "cgroup" && options.split(',').any(|option| option == controller),
        Version::Two => kind == "cgroup2",
    };
    let mut before = before.split_whitespace().skip(3);
    let (mounted, point) = (before.next()?, before.next()?);
    matches.then_some((mounted, point))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_is_found_in_both_versions_and_inside_a_container() {
        let root = std::env::temp_dir().join(format!("numamark-cgroup-find-{}", std::process::id()));
        for folder in ["top/job/step", "top/step"] {
            std::fs::create_dir_all(root.join(folder)).expect("a folder");
        }
        let one = "30 23 0:26 / /unrelated rw - tmpfs tmpfs rw\n\
                   31 30 0:27 / /top rw,nosuid shared:9 - cgroup cgroup rw,memory\n";
        let two = "31 30 0:27 / /top rw - cgroup2 cgroup2 rw,nsdelegate\n";
        let inside = "31 30 0:27 /job /top rw - cgroup2 cgroup2 rw\n";
        let levels = |own, mounts| -> (Version, Vec<PathBuf>) {
            let found = find(&root, "memory", own, mounts).expect("found");
            (found.version, found.levels().map(Path::to_owned).collect())
        };
        let paths = |names: &[&str]| names.iter().map(|name| root.join(name)).collect::<Vec<_>>();
        let all = paths(&["top/job/step", "top/job", "top"]);
        assert_eq!(levels("4:memory:/job/step\n0::/\n", one), (Version::One, all.clone()));
        assert_eq!(levels("0::/job/step\n", two), (Version::Two, all));
        assert_eq!(levels("0::/job/step\n", inside), (Version::Two, paths(&["top/step", "top"])));
        let hidden = levels("0::/not/visible\n", two);
        assert_eq!(hidden.1, paths(&["top"]), "the top, when the path cannot be seen");
        assert_eq!(find(&root, "memory", "0::/job\n", ""), None);
        assert_eq!(find(&root, "cpu", "4:memory:/job/step\n", one), None, "another controller's");
        std::fs::remove_dir_all(&root).expect("it is there");
    }
}
