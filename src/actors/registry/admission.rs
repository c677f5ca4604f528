//! Whether one more session may open. Pure.

/// What a dialect allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupLimit {
    /// The group that its sessions count in, for example the dialect's name.
    pub group: &'static str,
    /// Sessions at a time.
    pub max: usize,
    /// What happens to one more.
    pub on_full: OnFull,
}

/// What happens to one session too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFull {
    /// It is refused; the others go on.
    Refuse,
    /// It is let in; the oldest of the group ends.
    EvictOldest,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Come in.
    Admit,
    /// Come in, after the oldest of the group has ended.
    AdmitAfterEviction,
    /// Not now.
    Refuse,
}

/// Sessions that exist or are being opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occupancy {
    /// In the group.
    pub group: usize,
    /// In all.
    pub total: usize,
    /// In the group, and open: those that could be evicted.
    pub evictable: usize,
}

/// Judges one more session.
pub fn judge(now: Occupancy, limit: GroupLimit, max_total: usize) -> Admission {
    let full = now.group >= limit.max || now.total >= max_total;
    // Sessions that are being opened cannot be evicted, and those alone must not exceed the limit.
    let opening = now.group.saturating_sub(now.evictable);
    match (full, limit.on_full) {
        (false, _) => Admission::Admit,
        (true, OnFull::EvictOldest) if now.evictable > 0 && opening < limit.max => {
            Admission::AdmitAfterEviction
        }
        (true, OnFull::EvictOldest | OnFull::Refuse) => Admission::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_is_full_by_group_or_in_all_and_eviction_needs_someone_to_evict() {
        use Admission::{Admit, AdmitAfterEviction, Refuse};
        let refuse = GroupLimit {
            group: "g",
            max: 2,
            on_full: OnFull::Refuse,
        };
        let evict = GroupLimit {
            on_full: OnFull::EvictOldest,
            ..refuse
        };
        let occupied = |group, total, evictable| Occupancy {
            group,
            total,
            evictable,
        };
        let rows = [
            (occupied(1, 1, 1), refuse, Admit),
            (occupied(2, 2, 2), refuse, Refuse),
            (occupied(0, 10, 0), refuse, Refuse),
            (occupied(2, 2, 2), evict, AdmitAfterEviction),
            (occupied(2, 2, 0), evict, Refuse),
            (occupied(3, 3, 2), evict, AdmitAfterEviction),
            (occupied(4, 4, 2), evict, Refuse),
            (occupied(0, 10, 0), evict, Refuse),
        ];
        for (now, limit, expected) in rows {
            assert_eq!(judge(now, limit, 10), expected, "{now:?} {limit:?}");
        }
    }
}
