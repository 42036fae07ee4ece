//! Files of a made-up machine, for tests.

use std::fs;
use std::path::PathBuf;

/// A folder with files, which go when it is dropped.
pub struct Files {
    /// The folder.
    pub root: PathBuf,
}

impl Files {
    /// Writes these files: path below the folder, text. The name must be that of one test only.
    pub fn new(name: &str, files: &[(&str, &str)]) -> Files {
        let root = std::env::temp_dir().join(format!("numamark-{name}-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a temporary folder");
        let made_up = Files { root };
        files.iter().for_each(|(path, text)| made_up.write(path, text));
        made_up
    }

    /// Writes one file; an earlier one of the same path is gone.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a temporary folder");
        fs::write(path, text).expect("a temporary file");
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}
