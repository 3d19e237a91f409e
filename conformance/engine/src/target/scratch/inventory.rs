//! Decides for each entry of an implementation's folder how to mirror it, before anything is copied.
//!
//! Looks only at names, types and sizes; opens no file and writes nothing. Parents come before their children.

use std::fs::{self, FileType, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use globset::GlobSet;

use super::{MAX_BYTES, MAX_ENTRIES, Skipped};

/// Version control folders and caches, which no server needs. Some of them are written on every start.
const LEFT_BEHIND: [&str; 6] = [".git", ".hg", ".svn", "__pycache__", ".pytest_cache", ".mypy_cache"];
/// Files larger than this are copied once for all starts of a target.
const LARGE: u64 = 64 * 1024 * 1024;
/// What a complete copy of a Rust build folder leaves out: it needs only the programs.
const BUILD_STEPS: [&str; 4] = ["deps", "incremental", "build", ".fingerprint"];
/// How many times as many files and bytes a complete copy may have, with its dependency folders.
const WHOLE: usize = 16;
/// Extensions of files that servers write to. Each start gets its own copy.
const WRITTEN: [&str; 6] = ["db", "db3", "json", "log", "sqlite", "sqlite3"];

/// What to do with dependency folders and large files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// List them as [`Kind::Dependencies`] and [`Kind::Large`], without their contents.
    Shared,
    /// List every folder and file.
    Whole,
}

pub(super) struct Inventory {
    pub(super) entries: Vec<Entry>,
    pub(super) skipped: Vec<Skipped>,
    bytes: u64,
    depth: Depth,
}

pub(super) struct Entry {
    /// Path relative to the original.
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Permission bits.
    Folder(u32),
    File,
    /// A dependency or build folder, which all starts share.
    Dependencies,
    /// A large file, which all starts share.
    Large,
    /// A link with exactly this target.
    Link(PathBuf),
    /// A link to the mirror of this path, which is relative to the original.
    LinkInside(PathBuf),
}

impl Inventory {
    /// Lists the entries of `original`, which must be canonical. `own` is the device and inode of the scratch
    /// directory, which may be inside the original.
    ///
    /// # Errors
    /// The limit that was exceeded.
    pub(super) fn take(
        original: &Path,
        leave_out: &GlobSet,
        own: (u64, u64),
        depth: Depth,
    ) -> Result<Inventory, String> {
        let mut inventory = Inventory { entries: Vec::new(), skipped: Vec::new(), bytes: 0, depth };
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let listing = match fs::read_dir(original.join(&folder)) {
                Ok(listing) => listing,
                Err(error) => {
                    inventory.skipped.push(Skipped::unreadable(&folder, &error));
                    continue;
                }
            };
            for entry in listing {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        inventory.skipped.push(Skipped::unreadable(&folder, &error));
                        break;
                    }
                };
                let path = folder.join(entry.file_name());
                let is_named = |names: &[&str]| names.iter().any(|name| entry.file_name() == *name);
                if is_named(&LEFT_BEHIND) || leave_out.is_match(&path) {
                    continue;
                }
                if is_named(&BUILD_STEPS) && is_in_rust_build_folder(original, &folder) {
                    continue;
                }
                match entry.metadata() {
                    Ok(metadata) if (metadata.dev(), metadata.ino()) == own => {}
                    Ok(metadata) => {
                        if let Some(kind) = inventory.judge(original, &path, &metadata) {
                            if matches!(kind, Kind::Folder(_)) {
                                folders.push(path.clone());
                            }
                            inventory.add(path, kind, metadata.len())?;
                        }
                    }
                    Err(error) => inventory.skipped.push(Skipped::unreadable(&path, &error)),
                }
            }
        }
        Ok(inventory)
    }

    fn judge(&mut self, original: &Path, path: &Path, metadata: &Metadata) -> Option<Kind> {
        let kind = metadata.file_type();
        let absolute = original.join(path);
        if kind.is_symlink() {
            match fs::read_link(&absolute) {
                Ok(target) => {
                    let kind = link(original, path, target);
                    if kind.is_none() {
                        let reason = "is a link to a folder that contains the implementation";
                        self.skipped.push(Skipped::new(path, reason));
                    }
                    kind
                }
                Err(error) => {
                    self.skipped.push(Skipped::unreadable(path, &error));
                    None
                }
            }
        } else if kind.is_dir() {
            let shared = self.depth == Depth::Shared && is_dependency_folder(&absolute);
            Some(if shared { Kind::Dependencies } else { Kind::Folder(metadata.mode()) })
        } else if kind.is_file() {
            let written = path.extension().is_some_and(|ending| WRITTEN.iter().any(|known| ending == *known));
            let shared = self.depth == Depth::Shared && metadata.len() > LARGE && !written;
            Some(if shared { Kind::Large } else { Kind::File })
        } else {
            self.skipped.push(Skipped::new(path, format!("is a {}", noun(kind))));
            None
        }
    }

    fn add(&mut self, path: PathBuf, kind: Kind, length: u64) -> Result<(), String> {
        if kind == Kind::File {
            self.bytes += length;
        }
        self.entries.push(Entry { path, kind });
        let times = if self.depth == Depth::Whole { WHOLE } else { 1 };
        if self.entries.len() > MAX_ENTRIES * times {
            return Err(format!("more than {} files", MAX_ENTRIES * times));
        }
        if self.bytes > MAX_BYTES * times as u64 {
            return Err(format!("more than {} MiB", MAX_BYTES * times as u64 / (1024 * 1024)));
        }
        Ok(())
    }
}

/// Whether a folder is `target/debug`, `target/TRIPLE/release` or similar.
fn is_in_rust_build_folder(original: &Path, folder: &Path) -> bool {
    let tag = |above: &Path| above.ends_with("target") && original.join(above).join("CACHEDIR.TAG").is_file();
    folder.ancestors().skip(1).take(2).any(tag)
}

fn is_dependency_folder(path: &Path) -> bool {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("node_modules" | ".venv" | "venv" | "vendor") => true,
        Some("env") => path.join("pyvenv.cfg").is_file(),
        Some("target") => path.join("CACHEDIR.TAG").is_file(),
        _ => false,
    }
}

/// Maps a symbolic link. None if it leads to a folder that contains the original, through which a program would reach the
/// original. If its target is inside the original, the link points into the mirror, even if it is absolute
/// or takes a detour; otherwise the target could write to the original. Other links keep their targets.
fn link(original: &Path, path: &Path, target: PathBuf) -> Option<Kind> {
    let folder = path.parent().unwrap_or(Path::new(""));
    if target.is_relative() && stays_inside(folder, &target) {
        return Some(Kind::Link(target));
    }
    let absolute = original.join(folder).join(target);
    // A program can also write through a link to a missing file.
    let resolved = absolute.canonicalize().unwrap_or_else(|_| absolute.clone());
    match resolved.strip_prefix(original) {
        Ok(inside) if stays_inside(Path::new(""), inside) => Some(Kind::LinkInside(inside.to_owned())),
        _ if original.starts_with(&resolved) => None,
        _ => Some(Kind::Link(absolute)),
    }
}

fn stays_inside(folder: &Path, target: &Path) -> bool {
    let mut depth = folder.components().count();
    target.components().all(|component| {
        let next = match component {
            Component::ParentDir => depth.checked_sub(1),
            Component::Normal(_) => Some(depth + 1),
            _ => Some(depth),
        };
        depth = next.unwrap_or(0);
        next.is_some()
    })
}

fn noun(kind: FileType) -> &'static str {
    if kind.is_socket() {
        "socket"
    } else if kind.is_fifo() {
        "fifo"
    } else {
        "device"
    }
}
