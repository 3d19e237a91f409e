//! Unpacks a zip file that somebody handed in: bounded, and never outside of the folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

/// Maximum size of all unpacked files in bytes.
const MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Maximum number of entries.
const MAX_ENTRIES: usize = 20_000;
/// Maximum number of folders around a file.
const MAX_DEPTH: usize = 64;
/// Folders and files that operating systems add.
const NOISE: [&str; 3] = ["__MACOSX", ".DS_Store", "Thumbs.db"];

/// Unpacks the zip file at `path` into a folder.
///
/// # Errors
/// The reason why the file is refused: it is not a zip file, is encrypted, is too large, or has a link or a path that leads out of the
/// folder.
pub(crate) fn unpack(path: &Path, folder: &Path) -> Result<(), String> {
    let refused = |why: String| format!("the zip file {} is refused: {why}", path.display());
    let file = File::open(path).map_err(|error| refused(error.to_string()))?;
    let mut archive = ZipArchive::new(file).map_err(|error| match error {
        ZipError::InvalidArchive(_) => refused("it is not a complete zip file".to_owned()),
        error => refused(error.to_string()),
    })?;
    if archive.len() > MAX_ENTRIES {
        return Err(refused(format!("it has more than {MAX_ENTRIES} entries")));
    }
    let mut left = MAX_BYTES;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| refused(error.to_string()))?;
        let name = entry.name().map_err(|error| refused(error.to_string()))?.into_owned();
        let refused = |why: &str| refused(format!("{why}: {name:?}"));
        let Some(below) = inside(&name).map_err(refused)? else { continue };
        let to = folder.join(&below);
        let unwritable = |error: io::Error| refused(&format!("an entry cannot be written ({error})"));
        if entry.is_symlink() {
            return Err(refused("an entry is a link"));
        }
        if entry.is_dir() {
            fs::create_dir_all(&to).map_err(unwritable)?;
            continue;
        }
        fs::create_dir_all(to.parent().unwrap_or(folder)).map_err(unwritable)?;
        let is_program = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        let mode = if is_program { 0o755 } else { 0o644 };
        // A second entry with the same path, or a file in the place of a folder, is an error.
        let mut out =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(&to).map_err(unwritable)?;
        // The sizes in the file are not trusted: count what is unpacked.
        let written = io::copy(&mut entry.by_ref().take(left + 1), &mut out).map_err(unwritable)?;
        if written > left {
            return Err(refused(&format!("it is larger than {} MiB when unpacked", MAX_BYTES >> 20)));
        }
        left -= written;
    }
    Ok(())
}

/// Returns the path of an entry below the folder; none for an entry to leave out.
fn inside(name: &str) -> Result<Option<PathBuf>, &'static str> {
    // Programs of Windows write backslashes.
    let name = name.replace('\\', "/");
    let mut below = PathBuf::new();
    let is_drive = name.as_bytes().get(1) == Some(&b':');
    if name.starts_with('/') || is_drive {
        return Err("an entry has an absolute path");
    }
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err("an entry leads out of the folder"),
            part if part.contains('\0') => return Err("an entry has no valid name"),
            part if NOISE.contains(&part) => return Ok(None),
            part => below.push(part),
        }
    }
    if below.components().count() > MAX_DEPTH {
        return Err("an entry is in too many folders");
    }
    Ok((!below.as_os_str().is_empty()).then_some(below))
}

/// Returns the folder of the implementation in an unpacked zip file. Many zip files contain a single folder with everything; it is
/// entered unless a word of the command, such as `server.py` or `api.app`, is a file or a folder next to it.
pub(crate) fn root(folder: &Path, words: &[String]) -> PathBuf {
    let has_program = |folder: &Path| {
        let names = |word: &String| {
            let module = word.split('.').next().filter(|first| !first.is_empty());
            folder.join(word).exists() || module.is_some_and(|first| folder.join(first).exists())
        };
        // An absolute path exists in any folder.
        words.iter().filter(|word| !word.starts_with('/') && !word.starts_with('-')).any(names)
    };
    let mut root = folder.to_owned();
    for _ in 0..MAX_DEPTH {
        let entries: Vec<PathBuf> =
            fs::read_dir(&root).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        match entries.as_slice() {
            [only] if only.is_dir() && !has_program(&root) => root.clone_from(only),
            _ => break,
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_inside_the_folder() {
        assert_eq!(inside("a/./b.py"), Ok(Some("a/b.py".into())));
        assert_eq!(inside("a\\b.py"), Ok(Some("a/b.py".into())));
        assert_eq!(inside("__MACOSX/a/._b.py"), Ok(None));
        assert_eq!(inside("./"), Ok(None));
        for outside in ["../a", "a/../../b", "a\\..\\..\\b", "/etc/passwd", "\\a", "C:\\a", "c:/a"] {
            assert!(inside(outside).is_err(), "{outside}");
        }
        assert!(inside(&"a/".repeat(MAX_DEPTH + 1)).is_err());
    }

    #[test]
    fn enters_a_single_folder_unless_the_command_names_it() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("work-main/shop")).expect("folders");
        fs::write(folder.path().join("work-main/shop/app.py"), "").expect("a file");
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(root(folder.path(), &words("python3 -m shop.app")), folder.path().join("work-main"));
        let inner = folder.path().join("work-main");
        assert_eq!(root(&inner, &words("python3 -m shop.app")), inner);
    }
}
