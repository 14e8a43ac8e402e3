//! A clock that only one process sees, and that can be set while the process runs.

use std::path::{Path, PathBuf};

/// Of libfaketime. The machine's own clock is never touched.
#[derive(Clone)]
pub struct Clock {
    library: PathBuf,
    file: PathBuf,
}

impl Clock {
    /// # Errors
    /// When the library is not there.
    pub fn new(folder: &Path) -> Result<Self, String> {
        let libraries = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
        let folders = libraries.map(|entry| entry.path()).chain(["/usr/local/lib".into()]);
        let library = folders
            .map(|folder| folder.join("faketime/libfaketimeMT.so.1"))
            .find(|library| library.is_file())
            .ok_or("libfaketime is not installed (apt-get install faketime)")?;
        let clock = Self { library, file: folder.join("clock") };
        clock.set(0);
        Ok(clock)
    }

    /// Sets it this many seconds ahead of the machine's clock, or behind it.
    pub fn set(&self, ahead_s: i64) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{ahead_s:+}\n")).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }

    /// Environment variables for the process. Durations are measured by another clock, which no
    /// administrator can set either.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.display().to_string()),
            ("FAKETIME_CACHE_DURATION", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }
}
