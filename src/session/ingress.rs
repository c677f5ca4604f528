//! Where input waits until work is made of it. One buffer a policy; this is [`NewestWins`].

/// One pending piece of input; a newer one takes its place and the older is counted.
///
/// Nothing can queue here, whatever a client sends.
#[derive(Debug)]
pub struct NewestWins<T> {
    pending: Option<T>,
    replaced: u64,
}

impl<T> Default for NewestWins<T> {
    fn default() -> Self {
        Self {
            pending: None,
            replaced: 0,
        }
    }
}

impl<T> NewestWins<T> {
    /// Keeps `input`, and gives back what it replaced.
    pub fn put(&mut self, input: T) -> Option<T> {
        let old = self.pending.replace(input);
        self.replaced += u64::from(old.is_some());
        old
    }

    /// Takes the newest input; nothing waits afterwards.
    pub fn take(&mut self) -> Option<T> {
        self.pending.take()
    }

    /// Looks at the newest input.
    pub fn peek(&self) -> Option<&T> {
        self.pending.as_ref()
    }

    /// Whether something waits.
    pub fn is_empty(&self) -> bool {
        self.pending.is_none()
    }

    /// Pieces that were never used because a newer one came.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Op {
        Put(u32),
        Take,
    }

    proptest! {
        /// The model is a plain list from which only the last element is ever used.
        #[test]
        fn it_behaves_like_a_list_of_which_only_the_last_is_used(
            ops in prop::collection::vec(prop_oneof![any::<u32>().prop_map(Op::Put), Just(Op::Take)], 0..200)
        ) {
            let mut real = NewestWins::default();
            let mut model: Vec<u32> = Vec::new();
            let mut replaced = 0u64;
            for op in ops {
                match op {
                    Op::Put(v) => {
                        real.put(v);
                        model.push(v);
                    }
                    Op::Take => {
                        prop_assert_eq!(real.take(), model.last().copied());
                        replaced += (model.len() as u64).saturating_sub(1);
                        model.clear();
                    }
                }
                prop_assert_eq!(real.is_empty(), model.is_empty());
            }
            replaced += (model.len() as u64).saturating_sub(1);
            prop_assert_eq!(real.replaced(), replaced);
        }
    }
}
