//! Limits on the resources of isolated programs.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// Limits on the resources of an isolated program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory of all its processes together, in bytes.
    pub memory: u64,
    /// Number of processes and threads.
    pub processes: u64,
    /// Number of open files of each process.
    pub files: u64,
    /// Size of each file, in bytes.
    pub file_size: u64,
    /// Processor time of each process, in seconds.
    pub cpu: u64,
}

/// A limit that a program reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// Memory of all processes, in bytes.
    Memory(u64),
    /// Number of processes and threads.
    Processes(u64),
    /// Number of open files.
    Files(u64),
    /// Size of a file, in bytes.
    FileSize(u64),
    /// Processor time, in seconds.
    Cpu(u64),
}

const MIB: u64 = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 1024 * MIB, processes: 256, files: 1024, file_size: 256 * MIB, cpu: 600 }
    }
}

impl Limits {
    /// Changes one limit: `memory=512MiB`, `processes=50`, `cpu=30s`.
    ///
    /// # Errors
    /// What is expected.
    pub fn set(&mut self, written: &str) -> Result<(), String> {
        let form = "expected NAME=VALUE; the names are memory, processes, files, file-size and cpu";
        let (name, value) = written.split_once('=').ok_or(form)?;
        let (place, number) = match name {
            "memory" => (&mut self.memory, bytes(value)),
            "file-size" => (&mut self.file_size, bytes(value)),
            "processes" => (&mut self.processes, value.parse().ok()),
            "files" => (&mut self.files, value.parse().ok()),
            "cpu" => (&mut self.cpu, seconds(value)),
            _ => return Err(form.to_owned()),
        };
        let example = match name {
            "memory" | "file-size" => "a size such as 512MiB",
            "cpu" => "a time such as 30s or 10m",
            _ => "a number",
        };
        *place =
            number.filter(|number| *number > 0).ok_or_else(|| format!("expected {example} for {name}"))?;
        Ok(())
    }
}

fn bytes(written: &str) -> Option<u64> {
    let digits = written.find(|character: char| !character.is_ascii_digit()).unwrap_or(written.len());
    let (number, unit) = written.split_at_checked(digits)?;
    let unit = match unit.trim() {
        "" | "B" => 1,
        "K" | "KiB" => 1024,
        "M" | "MiB" => MIB,
        "G" | "GiB" => 1024 * MIB,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

fn seconds(written: &str) -> Option<u64> {
    match written.strip_suffix('m') {
        Some(minutes) => minutes.parse::<u64>().ok()?.checked_mul(60),
        None => written.strip_suffix('s').unwrap_or(written).parse().ok(),
    }
}

impl Display for Limit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(most) => write!(f, "{} of memory (--limit memory)", size(*most)),
            Self::Processes(most) => write!(f, "{most} processes and threads (--limit processes)"),
            Self::Files(most) => write!(f, "{most} open files (--limit files)"),
            Self::FileSize(most) => write!(f, "a file of {} (--limit file-size)", size(*most)),
            Self::Cpu(most) => write!(f, "{most} s of processor time (--limit cpu)"),
        }
    }
}

fn size(bytes: u64) -> String {
    let units = [(1024 * MIB, "GiB"), (MIB, "MiB"), (1024, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_numbers_and_times() {
        let mut limits = Limits::default();
        for written in ["memory=512MiB", "processes=50", "files=20", "file-size=1G", "cpu=2m"] {
            limits.set(written).expect(written);
        }
        let expected =
            Limits { memory: 512 * MIB, processes: 50, files: 20, file_size: 1024 * MIB, cpu: 120 };
        assert_eq!(limits, expected);
        for wrong in
            ["memory", "memory=", "memory=0", "memory=99999999999999999999", "memory=1X", "cpu=-1", "x=1"]
        {
            assert!(limits.set(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Limit::Memory(512 * MIB).to_string(), "512 MiB of memory (--limit memory)");
        assert_eq!(Limit::FileSize(1000).to_string(), "a file of 1000 bytes (--limit file-size)");
    }
}
