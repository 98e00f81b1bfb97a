//! Whether another user of this machine could have prepared a folder or a file, or can change it: the one check for the data
//! folder, what lies in it, the settings file and PostgreSQL's programs.
//!
//! Invariants: a path is walked from the root, folder by folder, and no other user can rename or replace anything on the
//! way; a file is opened without following a link or waiting for a pipe, and looked at through its descriptor.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context as _;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, mkdirat, open, openat, readlinkat, statat};

/// Links on the way to a file, as many as the kernel follows.
const MOST_LINKS: usize = 40;
/// No file that is read here is longer: the longest are lists of certificates.
const LONGEST: u64 = 4 * 1_024 * 1_024;
const STICKY: u32 = 0o1000;
const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
const OTHERS_READ: u32 = 0o077;

/// A folder or file that is not trusted, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Distrusted {
    path: PathBuf,
    why: Why,
}

/// The reason for which a folder or file is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    NoFolder,
    NoFile,
    /// A link that another user has laid.
    Link(u32),
    /// It belongs to another user.
    Foreign(u32),
    /// A folder on the way to it does.
    WayOf(u32),
    /// Others can write it; its mode.
    Writable(u32),
    /// Others can read it; its mode.
    Readable(u32),
    /// A file with another name somewhere.
    Linked,
}

/// The readers of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Its owner alone.
    Owner,
    /// Any user.
    Anybody,
    /// None: its content means nothing, so its mode does not either.
    Nobody,
}

/// The treatment of a folder that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// It is made, for its owner alone.
    Made,
    /// An error of the kind `NotFound`.
    Refused,
}

impl Distrusted {
    fn new(path: &Path, why: Why) -> Self {
        Self { path: path.to_owned(), why }
    }

    /// Returns the path and the reason.
    pub(crate) fn found(&self) -> String {
        format!("{} {}", self.path.display(), self.why)
    }

    /// The same of what lies in it.
    pub(crate) fn found_of(&self, path: &Path) -> String {
        if path == self.path {
            return self.found();
        }
        format!("{} {} through {}", path.display(), self.why, self.path.display())
    }

    /// Returns what to do about it.
    pub(crate) fn remedy(&self) -> String {
        let path = self.path.display();
        let us = Us::now().uid;
        match self.why {
            Why::NoFolder => format!("move {path} away, or name another folder"),
            Why::NoFile => format!("remove {path}, or put the file itself there"),
            Why::Link(_) => format!("remove {path}: it leads where its owner wants"),
            Why::Foreign(_) => format!(
                "that user may have prepared it: remove it, or run this as that user; if all that is in it is yours, `chown {us} {path}`"
            ),
            Why::WayOf(_) => format!(
                "that user can put something else in its place: run this as that user, or name a folder elsewhere, not below {path}"
            ),
            Why::Writable(_) => {
                format!("see whether what it holds is yours, then `chmod go-w {path}`")
            }
            Why::Readable(_) => format!("chmod 600 {path}"),
            Why::Linked => {
                format!("give it a file of its own: `cp -p {path} {path}.own && mv {path}.own {path}`")
            }
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder => f.write_str("is no folder"),
            Self::NoFile => f.write_str("is no plain file"),
            Self::Link(uid) => write!(f, "is a link of another user (uid {uid})"),
            Self::Foreign(uid) | Self::WayOf(uid) => write!(f, "belongs to another user (uid {uid})"),
            Self::Writable(mode) => write!(f, "can be written by others (mode {mode:03o})"),
            Self::Readable(mode) => write!(f, "can be read by others (mode {mode:03o})"),
            Self::Linked => f.write_str("has another name too (a hard link)"),
        }
    }
}

impl fmt::Display for Distrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.found(), self.remedy())
    }
}

impl std::error::Error for Distrusted {}

/// A folder that no other user could have prepared, by its path without links.
///
/// # Errors
/// [`Distrusted`], or what the system says where it cannot be entered.
pub(crate) fn folder(path: &Path, absent: Absent) -> anyhow::Result<PathBuf> {
    let found = walk(path, absent)?;
    if FileType::from_raw_mode(found.stat.st_mode) != FileType::Directory {
        return Err(Distrusted::new(&found.path, Why::NoFolder).into());
    }
    owned(&found.path, &found.stat)?;
    // Sticky or not: other users that may add files could add those that are read here.
    closed(&found.path, &found.stat)?;
    Ok(found.path)
}

/// A folder that may belong to another user, at a place that no other user can change: its path without links.
///
/// # Errors
/// As [`folder`], for each folder above it.
pub(crate) fn place_of(path: &Path) -> anyhow::Result<(PathBuf, Stat)> {
    let found = walk(path, Absent::Refused)?;
    if FileType::from_raw_mode(found.stat.st_mode) != FileType::Directory {
        return Err(Distrusted::new(&found.path, Why::NoFolder).into());
    }
    Ok((found.path, found.stat))
}

/// Reads a file in a trusted folder.
///
/// # Errors
/// [`Distrusted`], or what the system says where there is none or it cannot be read.
pub(crate) fn read(folder: &Path, name: &str, reader: Reader) -> anyhow::Result<String> {
    let path = folder.join(name);
    let file = plain(&path)?;
    let stat = fstat(&file)?;
    kept(&path, &stat, reader)?;
    text(&path, file)
}

/// Reads a plain file, of any owner.
pub(crate) fn read_plain(path: &Path) -> anyhow::Result<String> {
    text(path, plain(path)?)
}

/// Reads a file that a setting names: behind links, and of any owner, as files of keys are that another program mounts.
///
/// # Errors
/// [`Distrusted`] if every user can write it.
pub(crate) fn read_named(path: &Path) -> anyhow::Result<String> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let stat = fstat(&file)?;
    let plain = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if plain && stat.st_mode & OTHERS_WRITE != 0 {
        return Err(Distrusted::new(path, Why::Writable(stat.st_mode & 0o777)).into());
    }
    text(path, file)
}

/// Reads the file at a path, where there is one, after a look at each folder on the way.
pub(crate) fn read_at(path: &Path) -> anyhow::Result<Option<String>> {
    // Where there is none, the folders on the way do not matter.
    if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(None);
    }
    let found = walk(path, Absent::Refused)?;
    let file = plain(&found.path)?;
    let stat = fstat(&file)?;
    owned(&found.path, &stat)?;
    closed(&found.path, &stat)?;
    text(&found.path, file).map(Some)
}

/// A program that no other user could have put there or can change.
pub(crate) fn program(path: &Path) -> anyhow::Result<()> {
    let found = walk(path, Absent::Refused)?;
    if FileType::from_raw_mode(found.stat.st_mode) != FileType::RegularFile {
        return Err(Distrusted::new(&found.path, Why::NoFile).into());
    }
    owned(&found.path, &found.stat)?;
    closed(&found.path, &found.stat)?;
    Ok(())
}

/// Looks at everything in a trusted folder, not into the folders in it: at the files of these names as if they were read.
///
/// # Errors
/// [`Distrusted`] for the first that is not trusted.
pub(crate) fn entries(folder: &Path, reader: impl Fn(&str) -> Option<Reader>) -> anyhow::Result<()> {
    let at = open(folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .with_context(|| format!("{} cannot be read", folder.display()))?;
    let listed = std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in listed {
        let name = entry?.file_name();
        let path = folder.join(&name);
        // Another process may have removed it meanwhile.
        let Ok(stat) = statat(&at, &name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        match name.to_str().and_then(&reader) {
            Some(reader) => kept(&path, &stat, reader)?,
            None => owned(&path, &stat)?,
        }
    }
    Ok(())
}

/// Looks at all of a folder that belongs to `user`, whatever depth, without following a link.
pub(crate) fn tree(folder: &Path, user: u32) -> anyhow::Result<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?
        {
            let path = entry?.path();
            let stat = match statat(rustix::fs::CWD, &path, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(rustix::io::Errno::NOENT) => continue,
                Err(error) => {
                    return Err(io::Error::from(error))
                        .with_context(|| format!("cannot look at {}", path.display()));
                }
            };
            if stat.st_uid != user && !Us::now().trusts(stat.st_uid) {
                return Err(Distrusted::new(&path, Why::Foreign(stat.st_uid)).into());
            }
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Symlink => {}
                kind => {
                    if stat.st_mode & OTHERS_WRITE != 0 && kind != FileType::Socket {
                        return Err(Distrusted::new(&path, Why::Writable(stat.st_mode & 0o777)).into());
                    }
                    if kind == FileType::Directory {
                        folders.push(path);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether the error says that something is not trusted.
pub(crate) fn why(error: &anyhow::Error) -> Option<&Distrusted> {
    error.downcast_ref()
}

/// Whether an error is one of the system's of this kind.
pub(crate) fn is_kind(error: &anyhow::Error, kind: ErrorKind) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == kind)
}

/// A file of the data folder.
fn kept(path: &Path, stat: &Stat, reader: Reader) -> Result<(), Distrusted> {
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Distrusted::new(path, Why::NoFile));
    }
    owned(path, stat)?;
    if stat.st_nlink > 1 {
        return Err(Distrusted::new(path, Why::Linked));
    }
    if reader != Reader::Nobody {
        closed(path, stat)?;
    }
    if reader == Reader::Owner && stat.st_mode & OTHERS_READ != 0 {
        return Err(Distrusted::new(path, Why::Readable(stat.st_mode & 0o777)));
    }
    Ok(())
}

fn owned(path: &Path, stat: &Stat) -> Result<(), Distrusted> {
    if Us::now().trusts(stat.st_uid) { Ok(()) } else { Err(Distrusted::new(path, Why::Foreign(stat.st_uid))) }
}

fn closed(path: &Path, stat: &Stat) -> Result<(), Distrusted> {
    let us = Us::now();
    let group = stat.st_mode & GROUP_WRITES != 0 && !is_alone_in(stat.st_gid, us.uid, &us.users, &us.groups);
    if group || stat.st_mode & OTHERS_WRITE != 0 {
        return Err(Distrusted::new(path, Why::Writable(stat.st_mode & 0o777)));
    }
    Ok(())
}

/// A file, opened whatever it is: no link is followed, and a pipe is not waited for.
fn plain(path: &Path) -> anyhow::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match open(path, flags, Mode::empty()) {
        Ok(file) => file,
        // A link, or a socket.
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO) => {
            return Err(Distrusted::new(path, Why::NoFile).into());
        }
        Err(error) => {
            return Err(io::Error::from(error)).with_context(|| format!("{} cannot be read", path.display()));
        }
    };
    if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::RegularFile {
        return Err(Distrusted::new(path, Why::NoFile).into());
    }
    Ok(file.into())
}

fn text(path: &Path, file: File) -> anyhow::Result<String> {
    let mut text = String::new();
    file.take(LONGEST)
        .read_to_string(&mut text)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(text)
}

/// The end of a path, with no link on the way.
struct Found {
    path: PathBuf,
    stat: Stat,
}

/// Follows a path as the kernel would, and looks at each folder and link that decides where it leads.
fn walk(path: &Path, absent: Absent) -> anyhow::Result<Found> {
    let whole = std::path::absolute(path).with_context(|| format!("{} has no place", path.display()))?;
    let cannot = |at: &Path| format!("{} cannot be entered", at.display());
    let root = || open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let mut at = root().map_err(io::Error::from)?;
    let mut here = PathBuf::from("/");
    let mut stat = fstat(&at)?;
    let mut ahead = names(&whole);
    let mut links = 0;
    while let Some(name) = ahead.pop_front() {
        // The folder that a name is in decides where it leads.
        passable(&here, &stat)?;
        if name == ".." {
            at = openat(&at, "..", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
                .map_err(io::Error::from)?;
            here.pop();
            stat = fstat(&at)?;
            continue;
        }
        let next_path = here.join(&name);
        let next = match entered(&at, &name) {
            Err(rustix::io::Errno::NOENT) if absent == Absent::Made => {
                match mkdirat(&at, &name, Mode::from_raw_mode(0o700)) {
                    Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                    Err(error) => {
                        return Err(io::Error::from(error))
                            .with_context(|| format!("{} cannot be made", next_path.display()));
                    }
                }
                entered(&at, &name)
            }
            entered => entered,
        };
        let next = next.map_err(io::Error::from).with_context(|| cannot(&next_path))?;
        let found = fstat(&next)?;
        if FileType::from_raw_mode(found.st_mode) == FileType::Symlink {
            if !Us::now().trusts(found.st_uid) {
                return Err(Distrusted::new(&next_path, Why::Link(found.st_uid)).into());
            }
            links += 1;
            let target = readlinkat(&next, "", Vec::new()).map_err(io::Error::from)?;
            let target = Path::new(OsStr::from_bytes(target.to_bytes()));
            if links > MOST_LINKS {
                return Err(io::Error::from(rustix::io::Errno::LOOP)).with_context(|| cannot(&next_path));
            }
            if target.is_absolute() {
                at = root().map_err(io::Error::from)?;
                here = PathBuf::from("/");
                stat = fstat(&at)?;
            }
            let mut first = names(target);
            first.append(&mut ahead);
            ahead = first;
            continue;
        }
        (at, here, stat) = (next, next_path, found);
        let folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        if !folder && !ahead.is_empty() {
            return Err(Distrusted::new(&here, Why::NoFolder).into());
        }
    }
    Ok(Found { path: here, stat })
}

fn entered(at: &OwnedFd, name: &OsStr) -> rustix::io::Result<OwnedFd> {
    openat(at, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// Checks a folder on the way. In a sticky one only its owner renames or removes an entry.
fn passable(path: &Path, stat: &Stat) -> Result<(), Distrusted> {
    let us = Us::now();
    if !us.trusts(stat.st_uid) && Some(stat.st_uid) != us.unmapped {
        return Err(Distrusted::new(path, Why::WayOf(stat.st_uid)));
    }
    if stat.st_mode & STICKY != 0 { Ok(()) } else { closed(path, stat) }
}

fn names(path: &Path) -> VecDeque<OsString> {
    let named = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    named.collect()
}

/// The user of this process, and the users and groups of this machine.
struct Us {
    uid: u32,
    /// The user that became root by sudo, and could have done so without this program.
    sudo: Option<u32>,
    users: String,
    groups: String,
    /// The owner that the kernel shows for users outside of this user namespace, root among them.
    unmapped: Option<u32>,
}

impl Us {
    fn now() -> &'static Self {
        static US: OnceLock<Us> = OnceLock::new();
        US.get_or_init(|| {
            let list = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
            let id = |file: &str| list(file).trim().parse().ok();
            let unmapped =
                if maps_all(&list("/proc/self/uid_map")) { None } else { id("/proc/sys/kernel/overflowuid") };
            let uid = rustix::process::geteuid().as_raw();
            let sudo = std::env::var("SUDO_UID").ok().and_then(|id| id.parse().ok()).filter(|_| uid == 0);
            Self { uid, sudo, users: list("/etc/passwd"), groups: list("/etc/group"), unmapped }
        })
    }

    fn trusts(&self, uid: u32) -> bool {
        uid == 0 || uid == self.uid || Some(uid) == self.sudo
    }
}

/// Whether a group has no member but this user and root: many systems give each user such a group, and make files writable for it.
fn is_alone_in(gid: u32, uid: u32, users: &str, groups: &str) -> bool {
    let users: Vec<(&str, u32, u32)> = users
        .lines()
        .filter_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            Some((*fields.first()?, fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
        })
        .collect();
    let ours = |found: u32| found == uid || found == 0;
    if users.iter().any(|(_, other, theirs)| *theirs == gid && !ours(*other)) {
        return false;
    }
    let is_ours = |member: &str| users.iter().any(|(name, other, _)| *name == member && ours(*other));
    let of_group = |line: &str| {
        let fields: Vec<_> = line.split(':').collect();
        let members = fields.get(3)?.split(',').filter(|member| !member.is_empty());
        (fields.get(2)?.parse() == Ok(gid)).then(|| members.map(str::to_owned).collect::<Vec<_>>())
    };
    // A group that is not listed may have members elsewhere.
    groups.lines().find_map(of_group).is_some_and(|members| members.iter().all(|member| is_ours(member)))
}

/// Whether a map of users leaves none out, as outside of user namespaces.
fn maps_all(map: &str) -> bool {
    map.is_empty() || map.split_whitespace().eq(["0", "0", "4294967295"])
}

#[cfg(test)]
mod tests;
