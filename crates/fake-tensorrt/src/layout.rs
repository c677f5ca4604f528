//! Where each method lies, version by version: this double's own statement, made without the binding's.
//!
//! The numbers count methods in the order in which the vendor's headers declare them, from 0 and without destructors. A
//! test compiles such headers, where they can be had, and holds the binding against them; this list is held against the
//! binding by every other test.

use crate::{
    abi::{Code, Vtable},
    context, engine, runtime,
    state::Class,
    version::Version,
};

/// The methods of one version, and what loggers look like to it.
pub(crate) struct Layout {
    pub(crate) runtime: Vtable,
    pub(crate) engine: Vtable,
    pub(crate) context: Vtable,
    /// The number of a logger's `log`, destructors counted.
    pub(crate) log: usize,
}

const RUNTIME: u8 = Class::Runtime as u8;
const ENGINE: u8 = Class::Engine as u8;
const CONTEXT: u8 = Class::Context as u8;

const READS_PLANS: Vtable = Vtable::of::<RUNTIME>(&[(1, runtime::deserialize as Code)]);

/// Of TensorRT 10's engine; where it tells its memory differs between 10.0 and the later ones.
const fn engine_10(memory: usize) -> Vtable {
    Vtable::of::<ENGINE>(&[
        (3, engine::create_context as Code),
        (8, engine::profiles as Code),
        (17, engine::shape as Code),
        (18, engine::dtype as Code),
        (19, engine::location as Code),
        (21, engine::mode as Code),
        (24, engine::format as Code),
        (27, engine::profile_shape as Code),
        (28, engine::tensors as Code),
        (29, engine::tensor_name as Code),
        (31, engine::aux_streams as Code),
        (memory, engine::device_memory_size as Code),
    ])
}

/// Of TensorRT 10's context; where it takes memory, and with what, differs between 10.0 and the later ones.
const fn context_10(memory: (usize, Code)) -> Vtable {
    Vtable::of::<CONTEXT>(&[
        (15, context::set_profile as Code),
        (19, context::set_input_shape as Code),
        (20, context::tensor_shape as Code),
        (22, context::set_tensor_address as Code),
        (26, context::infer_shapes as Code),
        (27, context::set_input_consumed_event as Code),
        (35, context::enqueue as Code),
        (36, context::set_persistent_cache_limit as Code),
        (40, context::set_aux_streams as Code),
        (46, context::update_memory_size as Code),
        memory,
    ])
}

static TEN_ZERO: Layout = Layout {
    runtime: READS_PLANS,
    engine: engine_10(5),
    context: context_10((8, context::set_unsized_memory as Code)),
    log: 0,
};

static TEN: Layout = Layout {
    runtime: READS_PLANS,
    engine: engine_10(50),
    context: context_10((47, context::set_memory as Code)),
    log: 0,
};

static ELEVEN: Layout = Layout {
    runtime: READS_PLANS,
    engine: Vtable::of::<ENGINE>(&[
        (3, engine::create_context as Code),
        (6, engine::profiles as Code),
        (13, engine::shape as Code),
        (14, engine::dtype as Code),
        (15, engine::location as Code),
        (17, engine::mode as Code),
        (20, engine::format as Code),
        (23, engine::profile_shape as Code),
        (24, engine::tensors as Code),
        (25, engine::tensor_name as Code),
        (27, engine::aux_streams as Code),
        (42, engine::device_memory_size as Code),
    ]),
    context: Vtable::of::<CONTEXT>(&[
        (14, context::set_profile as Code),
        (18, context::set_input_shape as Code),
        (19, context::tensor_shape as Code),
        (21, context::set_tensor_address as Code),
        (25, context::infer_shapes as Code),
        (26, context::set_input_consumed_event as Code),
        (34, context::enqueue as Code),
        (35, context::set_persistent_cache_limit as Code),
        (39, context::set_aux_streams as Code),
        (45, context::update_memory_size as Code),
        (46, context::set_memory as Code),
    ]),
    log: 4,
};

impl Layout {
    /// Of that version; a version that has none must not be asked for a runtime.
    pub(crate) fn of(version: Version) -> Option<&'static Self> {
        match version.0 {
            [10, 0, _] => Some(&TEN_ZERO),
            [10, ..] => Some(&TEN),
            [11, ..] => Some(&ELEVEN),
            [1, minor, _] if minor >= 7 => Some(&ELEVEN),
            _ => None,
        }
    }
}
