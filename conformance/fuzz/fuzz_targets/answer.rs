//! Whatever a target sends, and in whatever pieces, the result is a response within the limits or an error with a reason. The first bytes
//! of the input select the reading mode and the size of the pieces.
#![no_main]

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use conformance_engine::http::{TransportError, Reading};
use conformance_engine::fuzz;
use conformance_suite::response::Response;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, ReadBuf};

/// The maximum number of bytes read from a connection for one response.
const MOST_TAKEN: usize = 512 * 1024;

fuzz_target!(|input: &[u8]| {
    let [how, piece, again, bytes @ ..] = input else { return };
    let bodiless = how & 1 == 1;
    let reading = if how & 2 == 2 { Reading::Beginning } else { Reading::Whole };
    let whole = Sent { bytes, piece: usize::MAX, again: 0, taken: 0 };
    let (at_once, reusable) = read(whole, bodiless, reading.clone());
    let pieces = Sent { piece: usize::from(*piece) + 1, ..whole };
    let (piecewise, reusable_too) = read(pieces, bodiless, reading.clone());
    assert_eq!(format!("{at_once:?}"), format!("{piecewise:?}"));
    // If the response comes in pieces, surplus bytes have not arrived yet.
    assert!(!reusable || reusable_too);
    let endless = Sent { again: usize::from(*again).min(bytes.len()), ..whole };
    if endless.again > 0 {
        let (_, _) = read(endless, bodiless, reading);
    }
});

fn read(mut sent: Sent<'_>, bodiless: bool, reading: Reading) -> (Result<Response, TransportError>, bool) {
    let (read, response) = {
        let read = pin!(fuzz::response(&mut sent, bodiless, reading.clone()));
        // All data is available immediately.
        match read.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => read,
            Poll::Pending => panic!("it waits for nothing"),
        }
    };
    if let Some(response) = &response {
        let head: usize = response.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        // A non-ASCII byte takes two.
        assert!(head <= 2 * fuzz::LARGEST_HEAD && response.body.len() <= 64 * 1024);
        let _ = (response.text(), response.json().is_ok(), response.cookies().count());
    }
    match (read, response) {
        (Ok(reusable), Some(response)) => {
            assert!(!response.cut || matches!(reading, Reading::Beginning) && !reusable);
            (Ok(response), reusable)
        }
        (Ok(_), None) => panic!("a complete response has a head"),
        (Err(transport_error), _) => {
            assert!(!transport_error.to_string().is_empty() && transport_error.is_judged());
            (Err(transport_error), false)
        }
    }
}

/// What a target sends, in pieces of fixed size; the end is repeated forever.
#[derive(Clone, Copy)]
struct Sent<'a> {
    bytes: &'a [u8],
    piece: usize,
    again: usize,
    taken: usize,
}

impl AsyncRead for Sent<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut space = into.remaining().min(self.piece);
        while space > 0 {
            let end = self.bytes.len();
            let at = match self.taken.checked_sub(end) {
                None => self.taken,
                Some(_) if self.again == 0 => break,
                Some(beyond) => end - self.again + beyond % self.again,
            };
            let next = &self.bytes[at..end.min(at + space)];
            into.put_slice(next);
            self.taken += next.len();
            space -= next.len();
        }
        assert!(self.taken < self.bytes.len() + 4 * MOST_TAKEN, "it reads for ever");
        Poll::Ready(Ok(()))
    }
}
