//! The number of the stored shapes that this program knows: of events, their fields and the values of their enums.
//!
//! It is raised with every change of a shape, also of one that keeps the event's version, such as one more value of an
//! enum. It stands in the program's name, so that a program tells a later build's event that it cannot read from a broken
//! one. `domain/shapes.txt` keeps each number with a digest of its shapes.

/// The number as a literal, for the texts that are put together while compiling.
macro_rules! number {
    () => {
        7
    };
}

/// The number of the shapes known. A name without one is of number 0.
pub const SHAPES: u32 = number!();

/// This program, as events name it in their metadata: `orqestra/<version>+shapes.<number>`. The form is frozen.
pub const PROGRAM: &str = concat!("orqestra/", env!("CARGO_PKG_VERSION"), "+shapes.", number!());

/// What a program's name tells of its place among builds: its version's three numbers, then the number of its shapes.
///
/// What follows the third number of the version or the number of shapes is left out. `None`: no program of ours has that
/// name.
pub fn build_of(program: &str) -> Option<([u64; 3], u32)> {
    let named = program.strip_prefix("orqestra/")?;
    let shapes = named.split_once("+shapes.").map_or(Some(0), |(_, rest)| {
        let digits = rest.split(|after: char| !after.is_ascii_digit()).next()?;
        digits.parse().ok()
    })?;
    Some((version_numbers(named)?, shapes))
}

/// A version by its numbers; what follows the third one is left out.
pub fn version_numbers(version: &str) -> Option<[u64; 3]> {
    let plain = version.split(['-', '+']).next()?;
    let mut numbers = [0; 3];
    for (index, part) in plain.split('.').enumerate() {
        *numbers.get_mut(index)? = part.parse().ok()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use uuid::Uuid;

    use super::*;

    /// Sources that hold no stored shape.
    const ASIDE: [&str; 6] = ["tests", "tests.rs", "golden.rs", "sample.rs", "stored_values.rs", "shapes.rs"];

    fn files(folder: PathBuf, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if ASIDE.contains(&name) {
                continue;
            }
            if path.is_dir() {
                files(path, found);
            } else {
                found.push(path);
            }
        }
    }

    /// What stands from here to the end of the item: to its closing bracket, or to a semicolon outside of brackets.
    fn item(text: &str) -> &str {
        let mut depth = 0_i32;
        for (at, letter) in text.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth <= 1 => return &text[..=at],
                '}' => depth -= 1,
                ';' if depth == 0 => return &text[..=at],
                _ => {}
            }
        }
        text
    }

    /// The items of a source that say how something is stored, without comments and by one space between words.
    fn shapes(source: &str) -> Vec<String> {
        let code = source.split("#[cfg(test)]\nmod ").next().unwrap();
        let plain: Vec<_> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let plain = plain.join("\n");
        let mut found = Vec::new();
        for begin in ["#[derive(", "impl<'de> Deserialize<'de> for", "pub fn version_of("] {
            for (at, _) in plain.match_indices(begin) {
                let item = item(&plain[at..]);
                let derived = item.lines().next().is_some_and(|first| first.contains("Deserialize"));
                if begin != "#[derive(" || derived {
                    found.push(item.split_whitespace().collect::<Vec<_>>().join(" "));
                }
            }
        }
        found
    }

    fn digest(mut shapes: Vec<String>) -> String {
        shapes.sort();
        Uuid::new_v5(&Uuid::NAMESPACE_OID, shapes.join("\n").as_bytes()).simple().to_string()
    }

    fn today() -> Vec<String> {
        let mut sources = Vec::new();
        files(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
        sources.iter().flat_map(|path| shapes(&fs::read_to_string(path).unwrap())).collect()
    }

    #[test]
    fn a_change_of_a_stored_shape_raises_the_number() {
        let kept = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("shapes.txt")).unwrap();
        let lines: Vec<_> = kept.lines().filter(|line| !line.starts_with('#')).collect();
        for (line, number) in lines.iter().zip(1..) {
            assert!(line.starts_with(&format!("{number} ")), "{line}: the numbers count up from 1");
        }
        let (line, next) = (format!("{SHAPES} {}", digest(today())), lines.len() + 1);
        let last = lines.last().copied().unwrap_or_default();
        assert_eq!(
            line, last,
            "a stored shape has changed: set the number in shapes.rs to {next} and add its line to shapes.txt"
        );
    }

    #[test]
    fn the_digest_sees_fields_values_and_versions_and_no_comment() {
        let source = "/// A reason.\n#[derive(Clone, Serialize, Deserialize)]\n#[serde(rename_all = \"snake_case\")]\n\
                      pub enum Reason {\n    /// One.\n    One,\n}\n\n#[derive(Clone)]\nstruct Aside;\n";
        let before = shapes(source);
        assert_eq!(before.len(), 1, "{before:?}");
        let other_words = source.replace("/// One.", "// The first\n    // one.").replace("    One", "  One");
        assert_eq!(shapes(&other_words), before);
        for (old, new) in
            [("One,", "One,\n    Two,"), ("snake_case", "camelCase"), ("One,", "One { at: u8 },")]
        {
            assert_ne!(digest(shapes(&source.replace(old, new))), digest(before.clone()), "{new}");
        }
        let all = today();
        for holds in
            ["pub enum NotificationEvent {", "\"2.2.0\"", "pub enum SkipReason {", "pub struct Sealed"]
        {
            assert!(all.iter().any(|shape| shape.contains(holds)), "{holds}");
        }
    }

    #[test]
    fn builds_compare_by_version_and_then_by_their_shapes() {
        let builds = [
            "orqestra/0.0.9+shapes.99",
            "orqestra/0.1.0",
            "orqestra/0.1.0+shapes.1",
            "orqestra/0.1.0+shapes.2.of-a-branch",
            "orqestra/0.1.0-rc.1+shapes.10",
            "orqestra/0.2.0+shapes.3",
            "orqestra/0.10.0",
        ];
        for pair in builds.windows(2) {
            assert!(build_of(pair[0]).unwrap() < build_of(pair[1]).unwrap(), "{pair:?}");
        }
        assert_eq!(build_of(PROGRAM).unwrap().1, SHAPES);
        for odd in [
            "",
            "orqestra",
            "other/1.0.0",
            "orqestra/one",
            "orqestra/0.1.0+shapes.",
            "orqestra/0.1.0+shapes.x",
        ] {
            assert_eq!(build_of(odd), None, "{odd}");
        }
    }

    #[test]
    fn versions_compare_by_their_numbers() {
        assert_eq!(version_numbers("1.10.0"), Some([1, 10, 0]));
        assert!(version_numbers("1.10.0") > version_numbers("1.9.9"));
        assert_eq!(version_numbers("2"), Some([2, 0, 0]));
        assert_eq!(version_numbers("1.2.3-rc.1+a"), Some([1, 2, 3]));
        for odd in ["", "one", "1.x", "1.2.3.4", "-1.0.0"] {
            assert_eq!(version_numbers(odd), None, "{odd}");
        }
    }
}
