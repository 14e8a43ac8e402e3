//! Files that an operator provides: secrets, as orchestrators mount them, and certificates.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Failure;
use super::options::wrong;

/// Takes a variable's value from the file that `<variable>_FILE` names.
pub(super) fn take(
    variable: &str,
    value: &mut Option<String>,
    file: Option<&Path>,
) -> Result<(), Failure> {
    let Some(file) = file else { return Ok(()) };
    if value.is_some() {
        let line = format!("expected one of {variable} and {variable}_FILE, but both are set");
        return Err(Failure::Usage(line));
    }
    let unusable = |found: &str| {
        let accepted = format!("a file with the value of {variable}, found {found}");
        wrong(&format!("{variable}_FILE"), &file.display().to_string(), &accepted)
    };
    let content = read(file).map_err(|error| unusable(&error.to_string()))?;
    // Editors end a file with a line break.
    match content.trim() {
        "" => Err(unusable("nothing in it")),
        found => {
            *value = Some(found.to_owned());
            Ok(())
        }
    }
}

/// The largest file that is read, in bytes: some, such as `/dev/zero`, have no end.
const BYTES_MAX: u64 = 1024 * 1024;

fn read(file: &Path) -> std::io::Result<String> {
    let mut content = String::new();
    File::open(file)?.take(BYTES_MAX + 1).read_to_string(&mut content)?;
    match content.len() as u64 > BYTES_MAX {
        true => Err(std::io::Error::other("more than a mebibyte")),
        false => Ok(content),
    }
}

/// Refuses a file that cannot be read, or has no PEM block of this kind: `CERTIFICATE`, `PRIVATE
/// KEY`.
pub(super) fn check_pem(variable: &str, file: &Path, what: &str) -> Result<(), Failure> {
    let begins = |line: &str| line.starts_with("-----BEGIN ") && line.contains(what);
    match read(file) {
        Ok(text) if text.lines().any(begins) => Ok(()),
        _ => {
            let accepted = format!("a PEM file with a {what} that can be read");
            Err(wrong(variable, &file.display().to_string(), &accepted))
        }
    }
}
