//! Owners, modes, links and pipes: of the file or folder itself and of each folder on the way.

use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use orqestra_tests::folder::Folder;

use super::*;

const STRANGER: u32 = 65_534;

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Whether tests may give files away, as root may.
fn may_give() -> bool {
    rustix::process::geteuid().is_root()
}

fn said<T: fmt::Debug>(result: anyhow::Result<T>) -> String {
    format!("{:#}", result.unwrap_err())
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

#[test]
fn a_folder_that_others_can_write_or_lead_elsewhere_is_not_trusted() {
    let around = Folder::new("trust");
    let here = around.path();
    let at = |name: &str| here.join(name);
    for (name, bits, why) in [
        ("open", 0o777, Some("can be written by others (mode 777)")),
        ("world", 0o702, Some("can be written by others (mode 702)")),
        ("group", 0o770, Some("can be written by others (mode 770)")),
        // Sticky keeps what is there, and lets others add.
        ("sticky", 0o1777, Some("can be written by others (mode 777)")),
        ("readable", 0o755, None),
        ("closed", 0o700, None),
    ] {
        std::fs::create_dir(at(name)).unwrap();
        chown(at(name), None, Some(if may_give() { STRANGER } else { rustix::process::getegid().as_raw() }))
            .unwrap();
        mode(&at(name), bits);
        let found = folder(&at(name), Absent::Made);
        match why {
            Some(why) if may_give() || name != "group" => {
                let said = said(found);
                assert!(said.contains(&format!("{} {why}: ", at(name).display())), "{name}: {said}");
                assert!(said.contains("chmod go-w"), "{said}");
            }
            Some(_) => {}
            None => assert_eq!(found.unwrap(), at(name)),
        }
        // Below it: in a sticky one only the owner of an entry renames it.
        let below = folder(&at(name).join("data"), Absent::Made);
        let trusted = why.is_none() || name == "sticky" || (name == "group" && !may_give());
        assert_eq!(below.is_ok(), trusted, "{name}: {below:?}");
        assert_eq!(at(name).join("data").exists(), trusted, "nothing is made where it is not trusted");
    }
    std::fs::write(at("file"), "").unwrap();
    assert!(said(folder(&at("file"), Absent::Made)).contains("file is no folder"));
    assert!(said(folder(&at("file/below"), Absent::Made)).contains("file is no folder"));
    let made = at("closed/a/b");
    assert_eq!(folder(&made, Absent::Made).unwrap(), made);
    assert_eq!(std::fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o700);
    let missing = folder(&at("closed/none"), Absent::Refused).unwrap_err();
    assert!(is_kind(&missing, ErrorKind::NotFound), "{missing:#}");

    // A link of one's own is a way like any other; what it leads to is looked at.
    symlink(at("closed"), at("own-link")).unwrap();
    assert_eq!(folder(&at("own-link"), Absent::Made).unwrap(), at("closed"));
    assert_eq!(folder(&at("closed/../own-link/a/./b"), Absent::Made).unwrap(), made);
    symlink("open", at("to-open")).unwrap();
    assert!(said(folder(&at("to-open"), Absent::Made)).contains("/open can be written by others"));
    assert!(said(folder(&at("to-open/data"), Absent::Made)).contains("/open can be written by others"));
    symlink("round", at("round")).unwrap();
    assert!(folder(&at("round"), Absent::Made).is_err());
}

#[test]
fn files_and_folders_of_another_user_are_not_trusted_whatever_their_mode() {
    if !may_give() {
        return;
    }
    let around = Folder::new("trust");
    let here = around.path();
    let theirs = here.join("theirs");
    std::fs::create_dir(&theirs).unwrap();
    mode(&theirs, 0o700);
    chown(&theirs, Some(STRANGER), Some(STRANGER)).unwrap();
    for path in [theirs.clone(), theirs.join("data"), theirs.join("../theirs/data")] {
        let said = said(folder(&path, Absent::Made));
        assert!(said.contains("theirs belongs to another user (uid 65534): "), "{said}");
        assert_eq!(said.contains("chown 0 "), path == theirs, "{said}");
    }
    let ours = here.join("ours");
    std::fs::create_dir(&ours).unwrap();
    mode(&ours, 0o700);
    let link = here.join("link");
    symlink(&ours, &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(STRANGER), None).unwrap();
    assert!(said(folder(&link, Absent::Made)).contains("link is a link of another user (uid 65534)"));
    assert!(said(folder(&link.join("data"), Absent::Made)).contains("link is a link of another user"));

    let file = ours.join("key");
    std::fs::write(&file, "x").unwrap();
    mode(&file, 0o600);
    chown(&file, Some(STRANGER), None).unwrap();
    for read in [read(&ours, "key", Reader::Owner).map(drop), read_at(&file).map(drop), program(&file)] {
        assert!(said(read).contains("key belongs to another user (uid 65534)"));
    }
    assert!(said(entries(&ours, |_| None)).contains("key belongs to another user"));
    let deep = ours.join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::rename(&file, deep.join("key")).unwrap();
    assert!(said(tree(&ours, 60_700)).contains("a/b/key belongs to another user"));
    assert!(tree(&ours, STRANGER).is_ok());
    mode(&deep.join("key"), 0o602);
    assert!(said(tree(&ours, STRANGER)).contains("a/b/key can be written by others"));
}

#[test]
fn a_file_is_plain_closed_and_has_one_name() {
    let around = Folder::new("trust");
    let here = around.path();
    mode(here, 0o700);
    let file = here.join("key");
    let write = |bits| {
        drop(std::fs::remove_file(&file));
        std::fs::write(&file, "secret").unwrap();
        mode(&file, bits);
    };
    for (bits, owner, anybody) in [
        (0o600, "", ""),
        (0o400, "", ""),
        (0o604, "can be read by others (mode 604)", ""),
        (0o640, "can be read by others (mode 640)", ""),
        (0o602, "can be written by others (mode 602)", "can be written by others (mode 602)"),
        (0o666, "can be written by others (mode 666)", "can be written by others (mode 666)"),
    ] {
        write(bits);
        for (reader, why) in [(Reader::Owner, owner), (Reader::Anybody, anybody)] {
            let found = read(here, "key", reader);
            let all = entries(here, |_| Some(reader));
            if why.is_empty() {
                assert_eq!(found.unwrap(), "secret", "{bits:o}");
                all.unwrap();
            } else {
                for said in [said(found), said(all)] {
                    assert!(said.contains(&format!("{} {why}: ", file.display())), "{said}");
                }
            }
        }
    }
    write(0o600);
    let other = here.join("other");
    std::fs::hard_link(&file, &other).unwrap();
    assert!(said(read(here, "key", Reader::Owner)).contains("key has another name too (a hard link)"));
    std::fs::remove_file(&file).unwrap();
    symlink(&other, &file).unwrap();
    assert!(said(read(here, "key", Reader::Owner)).contains("key is no plain file"));
    std::fs::remove_file(&file).unwrap();
    fifo(&file);
    assert!(
        said(read(here, "key", Reader::Owner)).contains("key is no plain file"),
        "and it is not waited for"
    );
    assert!(said(entries(here, |_| Some(Reader::Owner))).contains("key is no plain file"));
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert!(said(read(here, "key", Reader::Owner)).contains("key is no plain file"));
    std::fs::remove_dir(&file).unwrap();
    assert!(is_kind(&read(here, "key", Reader::Owner).unwrap_err(), ErrorKind::NotFound));
    assert_eq!(read_at(&file).unwrap(), None);
}

#[test]
fn a_file_that_a_setting_names_is_read_behind_links_unless_every_user_can_write_it() {
    let around = Folder::new("trust");
    let (file, link) = (around.path().join("key"), around.path().join("link"));
    std::fs::write(&file, "secret").unwrap();
    symlink(&file, &link).unwrap();
    for bits in [0o600, 0o644, 0o660] {
        mode(&file, bits);
        assert_eq!(read_named(&link).unwrap(), "secret");
    }
    mode(&file, 0o646);
    assert!(said(read_named(&link)).contains("link can be written by others (mode 646)"));
}

#[test]
fn a_group_is_ones_own_where_it_has_no_other_member() {
    let users = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\nbob:x:1001:100::/:/bin/sh\neve:x:1002:100::/:/bin/sh\n";
    let groups = |staff: &str| format!("root:x:0:\nstaff:x:50:{staff}\nusers:x:100:\nann:x:1000:\n");
    let ann = |gid, staff| is_alone_in(gid, 1000, users, &groups(staff));
    assert!(ann(1000, "") && ann(0, ""), "one's own, and root's");
    assert!(ann(50, "") && ann(50, "ann") && ann(50, "root,ann"));
    assert!(!ann(50, "ann,eve") && !ann(50, "somebody"));
    assert!(!ann(100, ""), "that of bob and eve by their entries");
    assert!(!ann(4_000, ""), "one that is not listed");
    assert!(!is_alone_in(1000, 1001, users, &groups("")), "another user's own");
    assert!(maps_all("         0          0 4294967295\n") && maps_all(""));
    assert!(!maps_all("         0       1000          1\n"));
}
