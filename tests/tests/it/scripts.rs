//! The set-up scripts on a machine that lacks something: what they do about it, and what they say where they cannot.
//!
//! A folder of stand-ins is the whole `PATH`, so nothing is installed.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};

use orqestra_tests::folder::Folder;

/// Stands for `apt-get`: writes down what it was asked, and fails where it is told to.
const APT: &str = "#!/bin/sh\necho \"$1\" >>\"$ASKED\"\ncase \" $FAILS \" in *\" $1 \"*) exit 100;; esac\n";

struct Machine(Folder);

impl Machine {
    /// A machine with these programs: `apt-get`, `root` for a user who is root.
    fn with(parts: &[&str]) -> Self {
        let folder = Folder::new("scripts");
        symlink("/usr/bin/env", folder.path().join("env")).unwrap();
        let user = if parts.contains(&"root") { 0 } else { 1_000 };
        let machine = Self(folder);
        machine.program("id", &format!("#!/bin/sh\necho {user}\n"));
        if parts.contains(&"apt-get") {
            machine.program("apt-get", APT);
        }
        machine
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs shell text after the scripts' common part.
    fn run(&self, text: &str, fails: &str) -> Output {
        let common = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("scripts/common.sh");
        let text = format!("set -euo pipefail; . '{}'; {text}", common.display());
        let mut command = Command::new("/bin/bash");
        command.args(["-c", &text]).env_clear().env("PATH", self.0.path());
        command.env("FAILS", fails).env("ASKED", self.0.path().join("asked"));
        command.output().unwrap()
    }

    fn asked(&self) -> String {
        std::fs::read_to_string(self.0.path().join("asked")).unwrap_or_default()
    }
}

fn refusal(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

const INSTALL: &str = "otherwise='; or set X'; apt_install postgresql";

#[test]
fn without_apt_the_missing_package_and_the_other_way_are_named() {
    let machine = Machine::with(&["root"]);
    assert_eq!(
        refusal(&machine.run(INSTALL, "")),
        "error: missing: postgresql. There is no apt-get here: install them with this system's own packages; or set X"
    );
}

#[test]
fn without_root_and_sudo_the_command_for_root_is_given() {
    let machine = Machine::with(&["apt-get"]);
    let said = refusal(&machine.run(INSTALL, ""));
    assert!(said.ends_with("run as root: apt-get install postgresql; or set X"), "{said}");
    assert_eq!(machine.asked(), "");
}

#[test]
fn a_failed_update_does_not_keep_what_is_in_the_cache_from_being_installed() {
    let machine = Machine::with(&["apt-get", "root"]);
    let output = machine.run(&format!("{INSTALL}; apt_install more"), "update");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(machine.asked(), "update\ninstall\ninstall\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("apt-get update failed"));
}

#[test]
fn where_apt_cannot_install_the_package_and_the_other_way_are_named() {
    let machine = Machine::with(&["apt-get", "root"]);
    let said = refusal(&machine.run(INSTALL, "update install"));
    assert!(
        said.ends_with(
            "missing: postgresql. apt-get, whose words stand above, cannot install them; or set X"
        ),
        "{said}"
    );
}

#[test]
fn programs_that_a_setting_or_the_path_name_are_enough() {
    // Debian's own folder would answer for them on a machine that has it.
    let hide = "compgen() { return 1; }; have_postgres";
    let machine = Machine::with(&[]);
    assert!(!machine.run(hide, "").status.success());
    machine.program("initdb", "#!/bin/sh\n");
    assert!(machine.run(hide, "").status.success());
    let elsewhere = Machine::with(&[]);
    let set = format!("ORQESTRA_PG_BIN='{}'; {hide}", machine.0.path().display());
    assert!(elsewhere.run(&set, "").status.success());
}
