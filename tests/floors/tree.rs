//! The files of the repository, read once for each law.

use std::fs;
use std::path::Path;

/// One text file; `name` is relative to the repository, with forward slashes.
pub struct File {
    pub name: String,
    pub text: String,
}

/// Every text file a person wrote.
pub struct Tree {
    pub files: Vec<File>,
    /// Where the repository stands on this machine.
    pub root: String,
}

impl Tree {
    /// Reads the repository this test was built from.
    pub fn read() -> Tree {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        walk(root, root, &mut files);
        files.sort_by(|a, b| a.name.cmp(&b.name));
        assert!(files.iter().any(|file| file.name == "src/lib.rs"), "no source below {}", root.display());
        Tree { files, root: root.display().to_string() }
    }

    /// The shipped source: names below `src/`.
    pub fn shipped(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().filter_map(|file| {
            let name = file.name.strip_prefix("src/").filter(|name| name.ends_with(".rs"))?;
            Some((name, file))
        })
    }

    /// The text of a file that has to be there.
    pub fn text(&self, name: &str) -> &str {
        let file = self.files.iter().find(|file| file.name == name);
        &file.unwrap_or_else(|| panic!("{name} is missing")).text
    }
}

/// Collects text files, leaving out what `.gitignore` leaves out: builds, results, caches, and git's own folder.
fn walk(root: &Path, folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository can be listed") {
        let path = entry.expect("a folder of the repository can be listed").path();
        let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        let last = name.rsplit('/').next().unwrap_or_default();
        let built = name == "target" || name.starts_with("target-") || name == "results" || name == "vendor";
        if built || [".git", ".venv", ".cargo", "__pycache__"].contains(&last) {
            continue;
        }
        match path.is_dir() {
            true => walk(root, &path, files),
            // What is not text (a picture) has nothing to say here.
            false => files.extend(fs::read_to_string(&path).ok().map(|text| File { name, text })),
        }
    }
}
