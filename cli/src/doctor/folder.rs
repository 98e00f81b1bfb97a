//! The data folder: who can read it, what room is left, and whether its keys fit the database.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::settings::Settings;
use crate::{keep, trust};

/// Below this the disk is soon full: PostgreSQL's own log takes up to this much.
const LEAST_FREE: u64 = 1_024 * 1_024 * 1_024;

/// Everything about the folder.
pub(super) fn look(settings: &Settings) -> Vec<Finding> {
    let path = &settings.data_dir;
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            let mut findings = vec![modes(path, &found)];
            findings.extend(room(path));
            findings
        }
        Ok(_) => {
            vec![Finding::amiss("data folder", format!("{shown} is no folder"), "set ORQESTRA_DATA_DIR")]
        }
        Err(_) => vec![Finding::ok("data folder", format!("{shown} will be made by `orqestra up`"))],
    }
}

/// Keys and tokens are their owner's alone, and no other user could have put any of it there.
fn modes(folder: &Path, around: &Metadata) -> Finding {
    const PART: &str = "data folder";
    let (mode, shown) = (around.mode(), folder.display());
    if let Err(error) = keep::look(folder) {
        return match trust::why(&error) {
            Some(why) => Finding::amiss(PART, why.found(), why.remedy()),
            None => Finding::amiss(PART, format!("{error:#}"), "run this as the user that runs the engine"),
        };
    }
    if mode & 0o077 != 0 {
        let found = format!("{shown} can be entered by others (mode {:o})", mode & 0o777);
        return Finding::amiss(PART, found, format!("chmod 700 {shown}"));
    }
    Finding::ok(PART, format!("{shown}, its owner's alone"))
}

/// What is left on the disk of the folder, and of the private database where that is elsewhere.
fn room(folder: &Path) -> Option<Finding> {
    let elsewhere = keep::location(folder).ok().flatten();
    let free = |path: PathBuf| {
        let disk = rustix::fs::statvfs(&path).ok()?;
        Some((disk.f_bavail.saturating_mul(disk.f_frsize), path))
    };
    let paths = std::iter::once(folder.to_owned()).chain(elsewhere);
    let (bytes, path) = paths.filter_map(free).min_by_key(|(bytes, _)| *bytes)?;
    let found = format!("{} MiB are free at {}", bytes / 1_024 / 1_024, path.display());
    Some(if bytes < LEAST_FREE {
        let what = "make room, or move ORQESTRA_DATA_DIR to a larger disk: a full one stops everything";
        Finding::amiss("disk", found, what)
    } else {
        Finding::ok("disk", found)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_and_its_files_are_their_owners_alone() {
        let folder = orqestra_tests::folder::Folder::new("doctor");
        let path = folder.path();
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let found = || modes(path, &std::fs::metadata(path).unwrap());
        set(path, 0o755);
        assert!(found().what_to_do.starts_with("chmod 700 "), "{:?}", found());
        set(path, 0o700);
        assert!(found().ok, "{:?}", found());
        let token = path.join("admin.token");
        std::fs::write(&token, "x").unwrap();
        set(&token, 0o640);
        assert_eq!(found().what_to_do, format!("chmod 600 {}", token.display()));
        set(&token, 0o600);
        assert!(found().ok, "{:?}", found());
    }
}
