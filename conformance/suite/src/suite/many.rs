//! Runs a function on many items in parallel, on as many threads as there are processors.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Number of items that take less time than starting a thread.
const FEW: usize = 16;

/// Returns the results of `of` for all items, in their order. Propagates panics.
pub(super) fn each<T: Sync, R: Send>(things: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(things.len() / FEW);
    if threads <= 1 {
        return things.iter().map(of).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(index) else { return done };
            done.push((index, of(thing)));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut done = take();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_keep_the_order_of_the_items() {
        let things: Vec<u64> = (0..500).collect();
        let slow_at_first = |number: &u64| {
            std::thread::sleep(std::time::Duration::from_micros(500 - number));
            number * 2
        };
        assert_eq!(super::each(&things, slow_at_first), things.iter().map(|one| one * 2).collect::<Vec<_>>());
    }
}
