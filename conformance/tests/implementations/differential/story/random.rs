//! Deterministic pseudo-random numbers (`SplitMix64`).

/// A generator.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: usize, batch: usize) -> Self {
        let mut random = Self(seed as u64);
        random.0 = random.next() ^ batch as u64;
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `limit`.
    pub(super) fn below(&mut self, number: usize) -> usize {
        usize::try_from(self.next() % number as u64).unwrap()
    }

    /// Returns true with a probability in percent.
    pub(super) fn percent(&mut self, times: usize) -> bool {
        self.below(100) < times
    }

    /// Returns one of several values.
    pub(super) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// Removes, inserts, changes or duplicates a byte.
    pub(super) fn spoil(&mut self, bytes: &mut Vec<u8>, with: &[u8]) {
        let at = self.below(bytes.len() + 1);
        match self.below(4) {
            0 if at < bytes.len() => drop(bytes.remove(at)),
            1 if at < bytes.len() => bytes[at] = self.pick(with),
            2 if at < bytes.len() => bytes.insert(at, bytes[at]),
            _ => bytes.insert(at, self.pick(with)),
        }
    }
}
