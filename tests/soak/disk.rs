//! A small file system for the database, which can be made full and get its room back.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// More than a run needs.
const SIZE_BYTES: u64 = 6 << 30;

/// A tmpfs. It is filled by shrinking it to what is used: as full as with a large file in it, and
/// without that file's memory.
pub struct SmallDisk {
    path: PathBuf,
}

/// Gives the process a mount namespace of its own: what is mounted from now on is seen by it and
/// its children alone, and is gone with them.
///
/// # Errors
/// When nothing can be mounted, with the reason.
pub fn enter_own_mounts() -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Err("there is no tmpfs here".to_owned());
    }
    // SAFETY: plain system calls, while there is one thread.
    let own = unsafe { libc::geteuid() == 0 && libc::unshare(libc::CLONE_NEWNS) == 0 };
    if !own {
        return Err("only root can mount a small file system".to_owned());
    }
    run(Command::new("mount").args(["--make-rprivate", "/"]))
}

impl SmallDisk {
    pub fn mount(path: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(path).map_err(|error| error.to_string())?;
        let size = format!("size={SIZE_BYTES},mode=0700");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Shrinks it to what is used; concurrent writes may require several attempts.
    pub fn fill(&self) -> Result<(), String> {
        let mut last = Ok(());
        for _ in 0..50 {
            last = self.resize(self.used_bytes());
            if last.is_ok() {
                break;
            }
        }
        last
    }

    pub fn free(&self) -> Result<(), String> {
        self.resize(SIZE_BYTES)
    }

    pub fn used_bytes(&self) -> u64 {
        let path = std::ffi::CString::new(self.path.as_os_str().as_bytes()).unwrap();
        // SAFETY: the path is a C string, and the structure is plain numbers that the call fills
        // in.
        let found = unsafe {
            let mut found: libc::statvfs = std::mem::zeroed();
            assert_eq!(libc::statvfs(path.as_ptr(), &raw mut found), 0, "a mounted file system");
            found
        };
        (found.f_blocks - found.f_bfree) * found.f_frsize
    }

    fn resize(&self, bytes: u64) -> Result<(), String> {
        let size = format!("remount,size={bytes}");
        run(Command::new("mount").args(["-o", &size]).arg(&self.path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg("-l").arg(&self.path));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}
