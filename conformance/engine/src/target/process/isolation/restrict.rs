//! The last step before an isolated program: restricts this process, then replaces it with the program.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, NetPort, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, setrlimit, setsid};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::Spec;
use super::limits::Limits;

/// The Landlock version that restricts files, ports and signals.
const LANDLOCK: ABI = ABI::V6;

/// Files and folders that a program restricted by Landlock can also read. There is no `/proc` as a whole: it shows the
/// command lines of other processes.
const LANDLOCK_READABLE: &[&str] = &[
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/self",
    "/proc/stat",
    "/proc/sys",
    "/proc/uptime",
    "/proc/version",
];
const LANDLOCK_DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Reads the [`Spec`] from standard input, restricts this process and executes the program. Returns only after an
/// error, which it prints.
pub(super) fn start() -> ExitCode {
    let mut text = String::new();
    let spec = io::stdin().read_to_string(&mut text).and_then(|_| Ok(serde_json::from_str::<Spec>(&text)?));
    let spec = match spec {
        Ok(spec) => spec,
        Err(error) => return failed(&format!("its settings cannot be read: {error}")),
    };
    let Some((program, arguments)) = spec.command.split_first() else { return failed("no command") };
    if let Err(error) = restrict(&spec) {
        return failed(&error);
    }
    let error = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .exec();
    eprintln!(
        "cannot execute `{program}`: {error}; an isolated program sees the system, the toolchains in PATH, its own \
         files, and what `--expose` names"
    );
    ExitCode::from(127)
}

fn failed(reason: &str) -> ExitCode {
    eprintln!("the program cannot be isolated: {reason}");
    ExitCode::from(126)
}

fn restrict(spec: &Spec) -> Result<(), String> {
    std::env::set_current_dir(&spec.directory)
        .map_err(|error| format!("{}: {error}", spec.directory.display()))?;
    // Without a controlling terminal the program cannot write to it or put text into its input.
    setsid().map_err(|error| format!("setsid: {error}"))?;
    limit(&spec.limits).map_err(|error| format!("a limit cannot be set: {error}"))?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .map_err(|error| format!("capabilities cannot be dropped: {error}"))?;
    if spec.landlock {
        landlock(spec).map_err(|error| format!("Landlock: {error}"))?;
    }
    let filter = filter(spec.landlock).map_err(|error| format!("seccomp: {error}"))?;
    seccompiler::apply_filter(&filter).map_err(|error| format!("seccomp: {error}"))
}

/// Sets the limits that the kernel enforces for each process. The keeper enforces the others.
fn limit(limits: &Limits) -> io::Result<()> {
    let set = |resource, soft: u64, hard: u64| {
        Ok::<(), io::Error>(setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) })?)
    };
    set(Resource::Core, 0, 0)?;
    set(Resource::Fsize, limits.file_size, limits.file_size)?;
    // The signal at the soft limit shows that the limit was reached.
    set(Resource::Cpu, limits.cpu, limits.cpu.saturating_add(5))?;
    let files = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX).min(limits.files);
    set(Resource::Nofile, files, files)
}

fn landlock(spec: &Spec) -> Result<(), landlock::RulesetError> {
    let read = AccessFs::from_read(LANDLOCK);
    let device = AccessFs::ReadFile | AccessFs::WriteFile;
    let everything = AccessFs::from_all(LANDLOCK);
    let readable = spec.readable.iter().map(PathBuf::as_path).chain(LANDLOCK_READABLE.iter().map(Path::new));
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(everything)?
        // No rule allows a connection: a rule for a port would allow it to every host.
        .handle_access(AccessNet::BindTcp | AccessNet::ConnectTcp)?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(LANDLOCK_DEVICES, device))?
        .add_rules(path_beneath_rules([&spec.directory], everything))?;
    for port in spec.ports.iter().copied() {
        ruleset = ruleset.add_rule(NetPort::new(port, AccessNet::BindTcp))?;
    }
    ruleset.restrict_self()?;
    Ok(())
}

/// System calls that no isolated program needs: the user's key ring, namespaces and mounts, and `io_uring`, which
/// evades the filter.
const DENIED: &[libc::c_long] = &[
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_io_uring_setup,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_perf_event_open,
    libc::SYS_pivot_root,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];
/// System calls that Landlock does not restrict: modes, owners, times and attributes of files that the program can name,
/// and memory and queues shared with other programs.
const DENIED_WITH_LANDLOCK: &[libc::c_long] = &[
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchmodat2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_fremovexattr,
    libc::SYS_fsetxattr,
    libc::SYS_lremovexattr,
    libc::SYS_lsetxattr,
    libc::SYS_mq_open,
    libc::SYS_msgget,
    libc::SYS_removexattr,
    libc::SYS_semget,
    libc::SYS_setpriority,
    libc::SYS_setxattr,
    libc::SYS_shmget,
    libc::SYS_utimensat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_futimesat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
];
/// Marks the calls of the x32 interface, whose numbers a filter for x86-64 would not recognise.
const X32: libc::c_long = 0x4000_0000;

/// Returns a filter that fails the denied system calls with `EPERM`.
fn filter(landlock: bool) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = DENIED.iter().map(|call| (*call, Vec::new())).collect();
    if landlock {
        rules.extend(DENIED_WITH_LANDLOCK.iter().map(|call| (*call, Vec::new())));
        rules.insert(libc::SYS_socket, sockets()?);
        // Only its own limits.
        rules.insert(libc::SYS_prlimit64, vec![rule(&[(0, SeccompCmpOp::Ne, 0)])?]);
        // TCP Fast Open connects without `connect`.
        for (call, flags) in [(libc::SYS_sendto, 3), (libc::SYS_sendmsg, 2), (libc::SYS_sendmmsg, 3)] {
            let fast_open = u64::from(libc::MSG_FASTOPEN.unsigned_abs());
            rules.insert(call, vec![rule(&[(flags, SeccompCmpOp::MaskedEq(fast_open), fast_open)])?]);
        }
    }
    if cfg!(target_arch = "x86_64") {
        let x32: Vec<_> = rules.iter().map(|(call, rules)| (call | X32, rules.clone())).collect();
        rules.extend(x32);
    }
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, std::env::consts::ARCH.try_into()?)?;
    filter.try_into()
}

/// Denies all sockets except TCP, which Landlock restricts, and the netlink sockets that list network interfaces. Unix
/// sockets would reach other programs of the user; `socketpair` stays allowed.
fn sockets() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let [inet, inet6, netlink] =
        [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK].map(|family| u64::from(family.unsigned_abs()));
    let (ne, eq) = (SeccompCmpOp::Ne, SeccompCmpOp::Eq);
    let mut rules = vec![
        rule(&[(0, ne.clone(), inet), (0, ne.clone(), inet6), (0, ne.clone(), netlink)])?,
        rule(&[(0, eq.clone(), netlink), (2, ne.clone(), 0)])?,
    ];
    for family in [inet, inet6] {
        // Every type but SOCK_STREAM, which is 1; the higher bits are flags.
        for other in (0..16).filter(|kind| *kind != 1) {
            rules.push(rule(&[(0, eq.clone(), family), (1, SeccompCmpOp::MaskedEq(0xf), other)])?);
        }
        let tcp = u64::from(libc::IPPROTO_TCP.unsigned_abs());
        rules.push(rule(&[(0, eq.clone(), family), (2, ne.clone(), 0), (2, ne.clone(), tcp)])?);
    }
    Ok(rules)
}

/// Matches if all conditions on arguments (index, comparison, value) hold.
fn rule(conditions: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, seccompiler::BackendError> {
    let conditions = conditions
        .iter()
        .map(|(index, compare, value)| {
            SeccompCondition::new(*index, SeccompCmpArgLen::Dword, compare.clone(), *value)
        })
        .collect::<Result<_, _>>()?;
    SeccompRule::new(conditions)
}
