use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{Difference, Exported, Keys};

impl Keys {
    /// Checks that an event's key opens with its stream's key, and that one with the master key.
    /// Skipped are missing keys, keys that another master key has wrapped, and those of quarantined
    /// events, which an operator has already declared unreadable.
    ///
    /// # Errors
    /// Which key does not open.
    pub async fn check(&self, exported: &Exported) -> Result<(), Difference> {
        let Exported { event, event_key, stream_key, master_key, quarantined, .. } = exported;
        let is_ours = self.master_id().is_some() && self.master_id() == master_key.as_deref();
        let (Some(event_key), Some(stream_key)) = (event_key, stream_key) else { return Ok(()) };
        if !is_ours || quarantined.is_some() {
            return Ok(());
        }
        let changed = |which: &str| Difference {
            position: event.position,
            what: format!("{which} does not open: it was changed"),
        };
        let stream = format!("{}/{}", event.aggregate_type, event.aggregate_id);
        let wrapped = STANDARD.decode(stream_key).unwrap_or_default();
        let Ok(Some(stream_key)) = self.unwrap(&stream, &wrapped) else {
            return Err(changed("the key of its stream"));
        };
        let wrapped = STANDARD.decode(event_key).unwrap_or_default();
        let opened = event.event_id.parse().ok();
        let opened = opened.and_then(|event| stream_key.unwrap_event_key(event, &wrapped));
        opened.map(|_| ()).ok_or_else(|| changed("the key to its text"))
    }
}
