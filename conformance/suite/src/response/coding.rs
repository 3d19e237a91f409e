//! Decodes the content codings of a response (RFC 9110, section 8.4).

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

/// Maximum size of decoded content in bytes; the same as that of a body.
const LARGEST_CONTENT: usize = if cfg!(fuzzing) { 64 * 1024 } else { 16 * 1024 * 1024 };

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
    /// Known but not supported.
    Compress,
    /// Not a content coding.
    Unknown,
}

impl Coding {
    fn of(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            "zstd" => Self::Zstd,
            "compress" | "x-compress" => Self::Compress,
            _ => Self::Unknown,
        }
    }
}

/// Decodes a body. `codings` are the values of Content-Encoding, `accepted` is the Accept-Encoding of the request.
///
/// Like curl, this does not decode codings that the request did not ask for. A body with an unknown coding is then
/// returned unchanged.
///
/// # Errors
/// The request did not ask for a coding, a coding is not supported, or the bytes are invalid. The message is one
/// sentence.
pub(super) fn decode<'a>(
    body: &'a [u8],
    codings: &[&str],
    accepted: Option<&str>,
) -> Result<Cow<'a, [u8]>, String> {
    let names = codings.iter().flat_map(|value| value.split(',')).map(str::trim);
    let names: Vec<&str> =
        names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity")).collect();
    if names.is_empty() || body.is_empty() {
        return Ok(Cow::Borrowed(body));
    }
    if let Some(name) = names.iter().find(|name| !accepted.is_some_and(|accepted| accepts(accepted, name))) {
        if names.iter().all(|name| Coding::of(name) == Coding::Unknown) {
            return Ok(Cow::Borrowed(body));
        }
        let sent = match accepted {
            Some(accepted) => format!("it sent `Accept-Encoding: {accepted}`"),
            None => "it sent no Accept-Encoding; `curl --compressed` does".to_owned(),
        };
        return Err(format!(
            "the body has the content coding `{name}` (Content-Encoding: {}), which the request did not ask for: {sent}",
            names.join(", ")
        ));
    }
    // Codings are listed in the order in which they were applied.
    names.iter().rev().try_fold(Cow::Borrowed(body), |bytes, name| {
        let decoded = undo(Coding::of(name), &bytes).map_err(|error| match error.kind() {
            io::ErrorKind::Unsupported => format!("the content coding `{name}` of the body is not supported"),
            io::ErrorKind::FileTooLarge => format!(
                "the body is larger than {} MiB when its content coding `{name}` is decoded",
                LARGEST_CONTENT / 1024 / 1024
            ),
            _ => format!("the body cannot be decoded by its content coding `{name}`: {error}"),
        })?;
        Ok(Cow::Owned(decoded))
    })
}

/// Whether an Accept-Encoding asks for a coding (RFC 9110, section 12.5.3).
fn accepts(accepted: &str, name: &str) -> bool {
    let asks = |wanted: &dyn Fn(&str) -> bool| {
        accepted.split(',').find_map(|item| {
            let (item, parameter) = item.split_once(';').unwrap_or((item, ""));
            let weight =
                parameter.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim().strip_prefix('='));
            let refused = weight.is_some_and(|weight| weight.trim().parse::<f64>() == Ok(0.0));
            wanted(item.trim()).then_some(!refused)
        })
    };
    let same = |item: &str| {
        item.eq_ignore_ascii_case(name)
            || (Coding::of(name) != Coding::Unknown && Coding::of(item) == Coding::of(name))
    };
    asks(&same).or_else(|| asks(&|item| item == "*")).unwrap_or(false)
}

fn undo(coding: Coding, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    match coding {
        Coding::Gzip => {
            // A gzip body may have several members (RFC 1952, section 2.2).
            let mut rest = bytes;
            while rest.starts_with(&[0x1f, 0x8b]) || content.is_empty() && !rest.is_empty() {
                take(&mut GzDecoder::new(&mut rest), &mut content)?;
                if rest.fill_buf()?.is_empty() {
                    break;
                }
            }
        }
        // Try with a zlib header as specified, then without, as some servers send it.
        Coding::Deflate => {
            if let Err(error) = take(&mut ZlibDecoder::new(bytes), &mut content) {
                content.clear();
                take(&mut DeflateDecoder::new(bytes), &mut content).map_err(|raw| match raw.kind() {
                    io::ErrorKind::FileTooLarge => raw,
                    _ => error,
                })?;
            }
        }
        Coding::Brotli => {
            take(&mut brotli_decompressor::Decompressor::new(bytes, 4096), &mut content)?;
        }
        Coding::Zstd => {
            let mut rest = bytes;
            while !rest.is_empty() {
                let mut decoder = StreamingDecoder::new(&mut rest).map_err(io::Error::other)?;
                take(&mut decoder, &mut content)?;
            }
        }
        Coding::Compress | Coding::Unknown => return Err(io::ErrorKind::Unsupported.into()),
    }
    Ok(content)
}

/// Reads to the end or to the limit.
fn take(decoder: &mut impl Read, content: &mut Vec<u8>) -> io::Result<()> {
    let room = LARGEST_CONTENT.saturating_sub(content.len());
    let limit = u64::try_from(room).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(limit).read_to_end(content)?;
    if content.len() > LARGEST_CONTENT { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const ALL: Option<&str> = Some("deflate, gzip, br, zstd");
    /// `{"id": 1}`, as compressed by `brotli` and `zstd`.
    const BROTLI: &[u8] = b"\x0b\x04\x80{\"id\": 1}\x03";
    const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd\x20\x09\x49\x00\x00{\"id\": 1}";

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::default());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    fn decoded(body: &[u8], codings: &[&str], accepted: Option<&str>) -> Result<String, String> {
        decode(body, codings, accepted).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn decodes_requested_content_codings() {
        let text = r#"{"id": 1}"#;
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(text.as_bytes()).unwrap();
        raw.write_all(text.as_bytes()).unwrap();
        let (zlib, raw) = (zlib.finish().unwrap(), raw.finish().unwrap());
        let two = [gzip(b"{\"id\""), gzip(b": 1}")].concat();
        for (coding, body) in [
            ("gzip", gzip(text.as_bytes())),
            ("X-GZIP", gzip(text.as_bytes())),
            ("gzip", two),
            ("deflate", zlib),
            ("deflate", raw),
            ("br", BROTLI.to_vec()),
            ("zstd", ZSTD.to_vec()),
            ("identity", text.as_bytes().to_vec()),
        ] {
            assert_eq!(decoded(&body, &[coding], ALL).as_deref(), Ok(text), "{coding}");
        }
        assert_eq!(decoded(&gzip(BROTLI), &["br, gzip"], ALL).as_deref(), Ok(text));
        assert_eq!(decoded(&gzip(BROTLI), &["br", "gzip"], ALL).as_deref(), Ok(text));
        assert_eq!(decoded(b"", &["gzip"], ALL).as_deref(), Ok(""));
    }

    #[test]
    fn reports_content_coding_that_was_not_requested() {
        let body = gzip(b"x");
        for accepted in [None, Some(""), Some("br"), Some("gzip;q=0"), Some("*;q=0"), Some("br, *;q=0.0")] {
            let wrong = decoded(&body, &["gzip"], accepted).unwrap_err();
            assert!(wrong.contains("(Content-Encoding: gzip), which the request did not ask for"), "{wrong}");
        }
        for accepted in ["gzip", "GZIP;q=0.1", "x-gzip", "*", "br;q=0, gzip", "*;q=0, gzip"] {
            assert_eq!(decoded(&body, &["gzip"], Some(accepted)).as_deref(), Ok("x"), "{accepted}");
        }
        // Some servers send a charset here; that changes no bytes.
        assert_eq!(decoded(b"x", &["UTF-8"], None).as_deref(), Ok("x"));
        assert!(decoded(b"x", &["compress"], Some("compress")).unwrap_err().contains("is not supported"));
    }

    #[test]
    fn rejects_body_with_wrong_content_coding() {
        let half = gzip(b"some text of some length");
        for (coding, body) in [
            ("gzip", &b"plain"[..]),
            ("gzip", &half[..half.len() / 2]),
            ("deflate", b"plain"),
            ("br", b"plain text"),
            ("br", &BROTLI[..6]),
            ("zstd", b"plain"),
            ("zstd", &ZSTD[..12]),
        ] {
            let wrong = decoded(body, &[coding], ALL).unwrap_err();
            assert!(
                wrong.contains(&format!("cannot be decoded by its content coding `{coding}`")),
                "{wrong}"
            );
        }
    }

    #[test]
    fn limits_decompression_bombs() {
        let bomb = gzip(&vec![0; LARGEST_CONTENT + 1]);
        let wrong = decoded(&bomb, &["gzip"], ALL).unwrap_err();
        assert!(wrong.contains("larger than 16 MiB when"), "{wrong}");
        let twice = gzip(&bomb);
        assert!(decoded(&twice, &["gzip, gzip"], ALL).unwrap_err().contains("larger than 16 MiB"));
        assert_eq!(decode(&gzip(&vec![0; LARGEST_CONTENT]), &["gzip"], ALL).unwrap().len(), LARGEST_CONTENT);
    }
}
