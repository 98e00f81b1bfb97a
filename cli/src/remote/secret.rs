//! Secrets and texts that come by a file or by standard input, so that they stand on no command line.
//!
//! Invariant: no error repeats what was read.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, ensure};

/// The name of standard input among files.
const STDIN: &str = "-";
static STDIN_IS_READ: AtomicBool = AtomicBool::new(false);

/// What the named file or standard input (`-`) holds. Standard input can be asked for once.
pub(super) fn read(file: &str) -> anyhow::Result<String> {
    if file == STDIN {
        let again = STDIN_IS_READ.swap(true, Ordering::Relaxed);
        ensure!(!again, "standard input is named twice (`-`) and holds one thing");
        return std::io::read_to_string(std::io::stdin().lock()).context("standard input cannot be read");
    }
    std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))
}

/// A secret: the option's own value, or what its file holds without the end of the line. A value of `-` is standard input
/// too; an empty one is refused, since it comes from a variable that was never set.
pub(super) fn secret(
    option: &str,
    value: Option<&str>,
    file: Option<&str>,
) -> anyhow::Result<Option<String>> {
    let file = match (value, file) {
        (Some(STDIN), _) => STDIN,
        (Some(value), _) => {
            ensure!(!value.is_empty(), "{option} is empty");
            return Ok(Some(value.to_owned()));
        }
        (None, Some(file)) => file,
        (None, None) => return Ok(None),
    };
    let text = read(file)?;
    let text = text.trim_end_matches(['\r', '\n']);
    let name = if file == STDIN { "standard input" } else { file };
    ensure!(!text.is_empty(), "{name} holds no secret");
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_without_the_end_of_its_line_and_an_empty_one_is_named() {
        let folder = orqestra_tests::folder::Folder::new("secret");
        let path = folder.path().join("key");
        let file = path.to_str().unwrap();
        std::fs::write(&path, " key \r\n").unwrap();
        let secret = |value, file| secret("--key", value, file);
        assert_eq!(secret(None, Some(file)).unwrap().as_deref(), Some(" key "));
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(secret(None, Some(file)).unwrap_err().to_string(), format!("{file} holds no secret"));
        assert_eq!(secret(Some("value"), None).unwrap().as_deref(), Some("value"));
        assert_eq!(secret(Some(""), None).unwrap_err().to_string(), "--key is empty");
        assert_eq!(secret(None, None).unwrap(), None);
        assert!(secret(None, Some("no-such-file")).unwrap_err().to_string().starts_with("no-such-file "));
    }
}
