/// Reading is never refused here: who may read is the edge's business.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {}
