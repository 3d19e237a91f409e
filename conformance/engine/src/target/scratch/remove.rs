//! Removes folders of any depth.
//!
//! `std::fs::remove_dir_all` holds a file descriptor for each level, and path lengths are limited. This module moves
//! each non-empty folder to the root before it empties it, so that the tree never has more than two levels and three
//! descriptors are enough.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, chmodat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

/// Removes a folder with all its contents. Does not follow links.
///
/// # Errors
/// The first error of the system; everything that can be removed has been removed.
pub(super) fn remove_tree(root: &Path) -> io::Result<()> {
    let top = match open(CWD, root) {
        Ok(top) => top,
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut moved: u64 = 0;
    let mut failed = None;
    loop {
        let before = moved;
        for name in names(&top)? {
            if let Err(error) = remove(&top, &name, &top, &mut moved) {
                failed.get_or_insert(error);
            }
        }
        // Each round empties the folders that the previous round moved up.
        if moved == before {
            break;
        }
    }
    match unlinkat(CWD, root, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(failed.unwrap_or(error).into()),
    }
}

/// Removes an entry with its contents. Non-empty folders inside it are moved to the top.
fn remove(folder: &OwnedFd, name: &CStr, top: &OwnedFd, moved: &mut u64) -> Result<(), Errno> {
    if !is_folder(folder, name)? {
        return unlinkat(folder, name, AtFlags::empty());
    }
    if unlinkat(folder, name, AtFlags::REMOVEDIR).is_ok() {
        return Ok(());
    }
    let inner = open(folder, name)?;
    let mut failed = None;
    for inside in names(&inner)? {
        if let Err(error) = remove_inside(&inner, &inside, top, moved) {
            failed.get_or_insert(error);
        }
    }
    match failed {
        None => unlinkat(folder, name, AtFlags::REMOVEDIR),
        Some(error) => Err(error),
    }
}

/// Removes an entry below the top level. A non-empty folder is moved to the top.
fn remove_inside(inner: &OwnedFd, name: &CStr, top: &OwnedFd, moved: &mut u64) -> Result<(), Errno> {
    if !is_folder(inner, name)? {
        return unlinkat(inner, name, AtFlags::empty());
    }
    if unlinkat(inner, name, AtFlags::REMOVEDIR).is_ok() {
        return Ok(());
    }
    // The owner needs write permission on a folder to move it.
    drop(open(inner, name)?);
    loop {
        *moved += 1;
        match renameat(inner, name, top, format!(".moved-{moved}").as_str()) {
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
            renamed => return renamed,
        }
    }
}

/// Opens a folder for reading, and gives its owner write permission.
fn open(at: impl AsFd, name: impl rustix::path::Arg + Copy) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let owner = Mode::RWXU;
    match openat(&at, name, flags, Mode::empty()) {
        Ok(folder) => {
            // Ignore errors: removing the folder will report them.
            rustix::fs::fchmod(&folder, owner).ok();
            Ok(folder)
        }
        Err(Errno::ACCESS) => {
            chmodat(&at, name, owner, AtFlags::empty())?;
            openat(&at, name, flags, Mode::empty())
        }
        Err(error) => Err(error),
    }
}

fn is_folder(folder: &OwnedFd, name: &CStr) -> Result<bool, Errno> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode).is_dir())
}

fn names(folder: &OwnedFd) -> Result<Vec<std::ffi::CString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}
