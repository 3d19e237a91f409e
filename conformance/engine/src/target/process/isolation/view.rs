//! Which files an isolated program can read.

use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Parts of the system: programs, libraries and their data, and the configuration that they need. No folder of `/etc`
/// or `/var` is shown as a whole, because they hold keys and password hashes.
const SYSTEM: &[&str] = &[
    "/bin",
    "/etc/alternatives",
    "/etc/bash.bashrc",
    "/etc/ca-certificates",
    "/etc/ca-certificates.conf",
    "/etc/crypto-policies",
    "/etc/debian_version",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/inputrc",
    "/etc/java",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/locale.alias",
    "/etc/locale.conf",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/perl",
    "/etc/php",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/openssl.cnf",
    "/etc/profile",
    "/etc/protocols",
    "/etc/python3",
    "/etc/resolv.conf",
    "/etc/ruby",
    "/etc/services",
    "/etc/shells",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
    "/etc/timezone",
    "/gnu/store",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/run/current-system/sw",
    "/sbin",
    "/sys/devices/system/cpu",
    "/usr/bin",
    "/usr/games",
    "/usr/include",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local",
    "/usr/sbin",
    "/usr/share",
];

/// Names of folders for programs. The folder around one is a toolchain, such as `~/.pyenv` around `shims`.
const PROGRAMS: [&str; 4] = ["bin", "sbin", "shims", "condabin"];
/// Folders in a home folder that hold more than programs: keyrings and tokens.
const MIXED: [&str; 2] = [".local", ".cargo"];

/// Returns what every isolated program can read: the system, the toolchains on `PATH`, and `exposed`. Sorted, so that
/// a folder comes before its contents.
pub(super) fn readable(exposed: &[PathBuf]) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut all: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    all.extend(
        env::split_paths(&path)
            .flat_map(|folder| [toolchain(&folder), base_of_environment(&folder)])
            .flatten(),
    );
    all.extend(absolute(exposed));
    // The target of a link must be visible, too.
    let resolved: Vec<PathBuf> = all.iter().filter_map(|path| path.canonicalize().ok()).collect();
    all.extend(resolved);
    all.retain(|path| path.exists());
    all.sort();
    all.dedup();
    all
}

/// Returns the absolute paths of files and folders, as they are named and without links.
pub(in crate::target) fn absolute(paths: &[PathBuf]) -> Vec<PathBuf> {
    let is_plain = |path: &PathBuf| !path.components().any(|part| part == Component::ParentDir);
    let named = paths.iter().filter_map(|path| std::path::absolute(path).ok()).filter(is_plain);
    named.chain(paths.iter().filter_map(|path| path.canonicalize().ok())).collect()
}

/// Returns what must be readable to execute a program outside of its scratch folder: its toolchain, or only its file.
pub(in crate::target) fn executable(program: &Path) -> Vec<PathBuf> {
    let folder = program.parent().filter(|folder| is_named(folder, &PROGRAMS)).and_then(toolchain);
    let base = program.parent().and_then(base_of_environment);
    let resolved = program.canonicalize().ok();
    let linked = resolved.as_deref().and_then(Path::parent).and_then(toolchain_of_folder);
    [Some(program.to_owned()), folder, base, resolved.clone(), linked].into_iter().flatten().collect()
}

/// Returns the path of a program in `PATH`.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/bin".into(), "/bin".into()]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_absolute() && path.is_file())
}

/// Returns the toolchain around a folder of `PATH`, or the folder itself if that would show private files. None if the
/// folder itself is private.
fn toolchain(folder: &Path) -> Option<PathBuf> {
    if let Some(around) = toolchain_of_folder(folder) {
        return Some(around);
    }
    (folder.is_absolute() && !is_private(folder)).then(|| folder.to_owned())
}

fn toolchain_of_folder(folder: &Path) -> Option<PathBuf> {
    let around = folder.parent().filter(|_| is_named(folder, &PROGRAMS) && folder.is_absolute())?;
    (!is_private(around) && !is_named(around, &MIXED)).then(|| around.to_owned())
}

/// Returns the Python installation that the programs of a virtual environment link to, if a folder of programs belongs to one.
fn base_of_environment(folder: &Path) -> Option<PathBuf> {
    let settings = fs::read_to_string(folder.parent()?.join("pyvenv.cfg")).ok()?;
    let mut pairs = settings.lines().filter_map(|line| line.split_once('='));
    let (_, home) = pairs.find(|(name, _)| name.trim() == "home")?;
    toolchain(Path::new(home.trim()))
}

fn is_named(folder: &Path, names: &[&str]) -> bool {
    folder.file_name().is_some_and(|name| names.iter().any(|known| name == *known))
}

/// Whether a folder is at the top of the file system, is a home folder, or contains the working directory or the folder
/// for temporary files.
fn is_private(folder: &Path) -> bool {
    let contains = |inner: Option<PathBuf>| inner.is_some_and(|inner| inner.starts_with(folder));
    folder.components().count() < 3
        || folder.parent().is_some_and(|above| above == Path::new("/home"))
        || contains(env::var_os("HOME").map(PathBuf::from))
        || contains(env::current_dir().ok())
        || contains(Some(env::temp_dir()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_toolchains_and_no_home() {
        let shown = |folder: &str| toolchain(Path::new(folder));
        assert_eq!(shown("/opt/python/bin"), Some("/opt/python".into()));
        assert_eq!(shown("/home/x/.pyenv/shims"), Some("/home/x/.pyenv".into()));
        assert_eq!(shown("/home/x/.cargo/bin"), Some("/home/x/.cargo/bin".into()));
        assert_eq!(shown("/home/x/.local/bin"), Some("/home/x/.local/bin".into()));
        assert_eq!(shown("/opt/tools"), Some("/opt/tools".into()));
        assert_eq!(shown("/opt/bin"), Some("/opt/bin".into()));
        for private in ["/", "/home", "/home/y", "bin", "relative/bin"] {
            assert_eq!(shown(private), None, "{private}");
        }
        let home = env::var_os("HOME").map(PathBuf::from).expect("a home folder");
        assert_eq!(toolchain(&home), None);
    }
}
