//! The vendor's enumerators against what the binding makes of their numbers, as assertions for a C++ compiler.

use tensorrt_rs::{Allocation, Bound, DType, Format, Location, Mode};

/// The vendor's enumerators, and what the binding makes of their numbers.
pub fn assertions() -> String {
    let types = [
        ("FLOAT", DType::F32),
        ("HALF", DType::F16),
        ("INT8", DType::I8),
        ("INT32", DType::I32),
        ("BOOL", DType::Bool),
        ("UINT8", DType::U8),
        ("FP8", DType::F8),
        ("BF16", DType::Bf16),
        ("INT64", DType::I64),
        ("INT4", DType::I4),
        ("FP4", DType::F4),
        ("E8M0", DType::E8M0),
    ];
    let formats = [
        ("LINEAR", Format::Linear),
        ("CHW2", Format::Chw2),
        ("HWC8", Format::Hwc8),
        ("CHW4", Format::Chw4),
        ("CHW16", Format::Chw16),
        ("CHW32", Format::Chw32),
        ("DHWC8", Format::Dhwc8),
        ("CDHW32", Format::Cdhw32),
        ("HWC", Format::Hwc),
        ("DLA_LINEAR", Format::DlaLinear),
        ("DLA_HWC4", Format::DlaHwc4),
        ("HWC16", Format::Hwc16),
        ("DHWC", Format::Dhwc),
    ];
    let modes = [
        ("NONE", Mode::None),
        ("INPUT", Mode::Input),
        ("OUTPUT", Mode::Output),
    ];
    let places = [("DEVICE", Location::Device), ("HOST", Location::Host)];
    let bounds = [
        ("MIN", Bound::Min),
        ("OPT", Bound::Opt),
        ("MAX", Bound::Max),
    ];
    let allocations = [
        ("STATIC", Allocation::Static),
        ("ON_PROFILE_CHANGE", Allocation::OnProfileChange),
        ("USER_MANAGED", Allocation::Caller),
    ];
    [
        numbers("DataType", &types),
        numbers("TensorFormat", &formats),
        numbers("TensorIOMode", &modes),
        numbers("TensorLocation", &places),
        fixed(
            "OptProfileSelector",
            &bounds.map(|(name, bound)| (name, bound as i32)),
        ),
        fixed(
            "ExecutionContextAllocationStrategy",
            &allocations.map(|(name, one)| (name, one as i32)),
        ),
    ]
    .concat()
}

/// Assertions that each enumerator has the number which the binding reads as its value.
fn numbers<T: From<i32> + PartialEq>(kind: &str, pairs: &[(&str, T)]) -> String {
    let read = |value: &T| (0..64).find(|&number| T::from(number) == *value).unwrap();
    let pairs: Vec<(&str, i32)> = pairs
        .iter()
        .map(|(name, value)| (*name, read(value)))
        .collect();
    fixed(kind, &pairs)
}

fn fixed(kind: &str, pairs: &[(&str, i32)]) -> String {
    let line = |(name, number): &(&str, i32)| {
        format!("static_assert(int({kind}::k{name}) == {number}, \"{name}\");\n")
    };
    pairs.iter().map(line).collect()
}
