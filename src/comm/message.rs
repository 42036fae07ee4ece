//! A message between ranks: a kind, the number of the collective, and a payload.

use crate::error::{Error, ExitCode};
use crate::units;

/// The collective that a message belongs to, or a step of the handshake after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageKind {
    Introduction,
    Barrier,
    Broadcast,
    Gather,
    Sum,
    Any,
    Agree,
    Finish,
    /// Down: every rank returns this error. Up: rank 0 is asked to send it down.
    Failed,
    /// Up: the last message of a rank that has learnt of a failure.
    Acknowledged,
}

/// Every kind; the number of a kind in a message is its place here.
const KINDS: [MessageKind; 10] = [
    MessageKind::Introduction,
    MessageKind::Barrier,
    MessageKind::Broadcast,
    MessageKind::Gather,
    MessageKind::Sum,
    MessageKind::Any,
    MessageKind::Agree,
    MessageKind::Finish,
    MessageKind::Failed,
    MessageKind::Acknowledged,
];

impl MessageKind {
    fn number(self) -> u8 {
        let place = KINDS.iter().position(|kind| *kind == self).expect("KINDS has every kind");
        u8::try_from(place).expect("there are fewer than 256 kinds")
    }
}

/// One message. `sequence` counts the collectives of the sender, so that ranks in different collectives detect the
/// mismatch instead of waiting for each other.
#[derive(Debug, PartialEq)]
pub(super) struct Message {
    pub kind: MessageKind,
    pub sequence: u64,
    pub payload: Vec<u8>,
}

const HEADER_BYTES: usize = 1 + size_of::<u64>();

impl Message {
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.payload.len());
        bytes.push(self.kind.number());
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.payload);
        bytes
    }

    /// Returns `None` for bytes that no rank of this version sends.
    pub fn decode(mut bytes: Vec<u8>) -> Option<Message> {
        let (header, _) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let kind = *KINDS.get(usize::from(header[0]))?;
        let sequence = u64::from_le_bytes(*header[1..].first_chunk()?);
        bytes.drain(..HEADER_BYTES);
        Some(Message { kind, sequence, payload: bytes })
    }
}

/// Encodes texts, each after its length in bytes (64 bits, little-endian).
pub(super) fn encode_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend_from_slice(&units::count(text.len()).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// The inverse of [`encode_texts`].
pub(super) fn decode_texts(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        texts.push(String::from_utf8(text.to_vec()).ok()?);
        bytes = rest;
    }
    Some(texts)
}

/// Encodes an error as every other rank will see it: rank, host, exit code and message.
pub(super) fn encode_error(error: &Error, rank: u32, host: &str) -> Vec<u8> {
    let (rank, host, code, message) = match error {
        Error::OnRank { rank, host, code, message } => (*rank, host.as_str(), *code, message.clone()),
        other => (rank, host, other.exit_code(), other.to_string()),
    };
    let mut bytes = rank.to_le_bytes().to_vec();
    bytes.push(u8::try_from(code.number()).expect("an exit code is a byte"));
    bytes.extend(encode_texts([host, &message]));
    bytes
}

/// The inverse of [`encode_error`].
pub(super) fn decode_error(bytes: &[u8]) -> Option<Error> {
    let (rank, rest) = bytes.split_first_chunk()?;
    let (code, rest) = rest.split_first()?;
    let [host, message] = decode_texts(rest)?.try_into().ok()?;
    let code = ExitCode::from_number(*code)?;
    Some(Error::OnRank { rank: u32::from_le_bytes(*rank), host, code, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_the_journey() {
        for kind in KINDS {
            let sent = Message { kind, sequence: u64::MAX - 1, payload: vec![0, 255, 7] };
            let bytes = sent.encode();
            assert_eq!(Message::decode(bytes), Some(sent));
        }
    }

    #[test]
    fn bytes_that_no_rank_sends_are_refused() {
        assert_eq!(Message::decode(vec![]), None);
        assert_eq!(Message::decode(vec![0; HEADER_BYTES - 1]), None);
        assert_eq!(Message::decode(vec![KINDS.len() as u8; HEADER_BYTES]), None);
        assert_eq!(decode_texts(&[255; 9]), None, "a length beyond the end");
        assert!(decode_error(&[0, 0, 0, 0, 77]).is_none(), "77 is not an exit code");
    }

    #[test]
    fn errors_keep_rank_host_code_and_message() {
        for error in [
            Error::Usage("no such key".into()),
            Error::Environment("no memory".into()),
            Error::OnRank { rank: 9, host: "β".into(), code: ExitCode::Gate, message: String::new() },
        ] {
            let decoded = decode_error(&encode_error(&error, 4, "alpha")).expect("own bytes");
            assert_eq!(decoded.exit_code(), error.exit_code());
            let (rank, host) = if error.exit_code() == ExitCode::Gate { (9, "β") } else { (4, "alpha") };
            match decoded {
                Error::OnRank { rank: r, host: h, .. } => assert_eq!((r, h.as_str()), (rank, host)),
                other => panic!("{other:?}"),
            }
            assert!(decode_error(&encode_error(&error, 4, "alpha")[1..]).is_none(), "a byte is missing");
        }
    }
}
