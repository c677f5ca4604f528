//! The numbers against the vendor's own headers: a double in C++ that a compiler lays out, made of those headers when the
//! test runs.
//!
//! Every method of the double writes down its name and what it was given, and answers with what its name determines
//! ([`weight`]). So a call that lands on another method shows by both. `scripts/vendor-tensorrt` fetches the headers.

use crate::{assumed, children};
use std::{
    ffi::{CStr, c_char, c_void},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};
use tensorrt_rs::{Allocation, Bound, DType, Dims, Format, Library, Location, Logger, Mode};

/// What has to be set for tests that need what is the vendor's.
const VARIABLE: &str = "FRAMELOOM_VENDOR_TESTS";

/// A folder of what `scripts/vendor-tensorrt` fetched, or why there is none.
pub fn fetched(folder: &str) -> Result<PathBuf, String> {
    if std::env::var_os(VARIABLE).is_none_or(|set| set != "1") {
        return Err(format!("{VARIABLE} is not 1"));
    }
    let test = std::env::current_exe().unwrap();
    let place = |above: &Path| above.join("vendor-tensorrt").join(folder);
    let mut places = test.ancestors().map(place);
    let found = places.find(|place| place.is_dir());
    found.ok_or_else(|| "scripts/vendor-tensorrt has not been run".into())
}

/// What a method answers with: the sum of its name's bytes.
fn weight(name: &str) -> i64 {
    name.bytes().map(i64::from).sum()
}

/// A method as a header declares it.
struct Declared {
    returns: String,
    name: String,
    takes: Vec<String>,
    constant: bool,
}

/// The pure virtual methods of a class, in their order.
fn methods(header: &str, class: &str) -> Vec<Declared> {
    let start = header
        .find(&format!("class {class} : public VRoot"))
        .unwrap();
    let body = &header[start..];
    let body = &body[body.find('{').unwrap() + 1..body.find("\n};").unwrap()];
    let mut left_out = false;
    let lines = body.lines().filter(|line| {
        // What is between these is switched off; the switches are the vendor's own.
        left_out = (left_out || line.starts_with("#if ENABLE_")) && !line.starts_with("#endif");
        !left_out && !line.starts_with('#')
    });
    let lines = lines.map(|line| line.split("//").next().unwrap());
    let body: Vec<&str> = lines.collect();
    let body = body.join(" ").replace("TRT_NODISCARD", "");
    let pure = body
        .split(';')
        .filter_map(|one| one.split_once("virtual")?.1.trim().strip_suffix("= 0"));
    pure.map(declared).collect()
}

fn declared(text: &str) -> Declared {
    let (head, rest) = text.split_once('(').unwrap();
    let (takes, tail) = rest.rsplit_once(')').unwrap();
    let (returns, name) = head.trim().rsplit_once([' ', '*', '&']).unwrap();
    let returns = &head[..head.find(returns).unwrap() + returns.len() + 1];
    let takes = takes
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty());
    Declared {
        returns: returns.trim().into(),
        name: name.trim().into(),
        takes: takes.map(kind).collect(),
        constant: tail.contains("const"),
    }
}

/// A parameter's type, without its name if it has one.
fn kind(parameter: &str) -> String {
    let named = parameter
        .rsplit_once([' ', '*', '&'])
        .filter(|(_, name)| !name.is_empty());
    let end = named.map_or(parameter.len(), |(_, name)| parameter.len() - name.len());
    parameter[..end].trim().into()
}

/// A class that implements all of `class`.
fn implementation(header: &str, class: &str) -> String {
    let mut text = format!("struct My{class} : {class} {{\n");
    for method in methods(header, class) {
        let numbered = method.takes.iter().enumerate();
        let takes: Vec<String> = numbered.map(|(at, kind)| format!("{kind} p{at}")).collect();
        let given: String = (0..takes.len()).map(|at| format!(", p{at}")).collect();
        let Declared { returns, name, .. } = &method;
        let constant = if method.constant { "const" } else { "" };
        let takes = takes.join(", ");
        writeln!(text, "{returns} {name}({takes}) {constant} noexcept override {{ return answer<{returns}>(\"{name}\"{given}); }}").unwrap();
    }
    text + "};\n"
}

/// What the double is made of besides the methods; `MAJOR` and `VERSION` are defined by whoever compiles it.
const FRAME: &str = r#"
#include "NvInferRuntime.h"
#include <cstdlib>
#include <sstream>
#include <string>
#include <type_traits>

static std::string last;
extern "C" char const* last_call() { return last.c_str(); }

namespace nvinfer1 { namespace apiv {
static_assert(sizeof(Dims) == 72 && offsetof(Dims, d) == 8, "Dims");
static_assert(sizeof(ILogger::Severity) == 4 && int(ILogger::Severity::kVERBOSE) == 4, "Severity");
ASSERTIONS

template <class T> void show(std::ostream& to, T const& value) {
    if constexpr (std::is_enum_v<T>) to << int(value);
    else if constexpr (std::is_same_v<T, char const*>) to << value;
    else if constexpr (std::is_pointer_v<T>) { if (value) to << value; else to << "null"; }
    else if constexpr (std::is_arithmetic_v<T>) to << value;
    else if constexpr (std::is_same_v<T, Dims>) for (int i = 0; i < value.nbDims; ++i) to << (i ? "x" : "") << value.d[i];
    else to << "?";
}

void* made(char const* name);

template <class T, class... Given> T answer(char const* name, Given const&... given) {
    std::ostringstream line;
    line << name;
    ((line << ' ', show(line, given)), ...);
    last = line.str();
    int weight = 0;
    for (char const* at = name; *at; ++at) weight += *at;
    if constexpr (std::is_void_v<T>) return;
    else if constexpr (std::is_same_v<T, char const*>) return name;
    else if constexpr (std::is_same_v<T, bool>) return true;
    else if constexpr (std::is_pointer_v<T>) return static_cast<T>(made(name));
    else if constexpr (std::is_same_v<T, Dims>) return Dims{2, {weight, -1}};
    else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) return static_cast<T>(weight);
    else std::abort();
}

METHODS

template <class I, class V> struct Mine : I {
    char const* name;
    explicit Mine(char const* name) : name(name) { this->mImpl = new V; }
    ~Mine() override { last = std::string("~") + name; delete this->mImpl; }
};

void* made(char const* name) {
    std::string const which = name;
    if (which == "deserializeCudaEngine")
        return static_cast<ICudaEngine*>(new Mine<ICudaEngine, MyVCudaEngine>("ICudaEngine"));
    if (which == "createExecutionContext")
        return static_cast<IExecutionContext*>(new Mine<IExecutionContext, MyVExecutionContext>("IExecutionContext"));
    return nullptr;
}
}}

extern "C" int32_t getInferLibVersion() noexcept { return VERSION; }

extern "C" void* createInferRuntime_INTERNAL(void* to, int32_t version) noexcept {
    using namespace nvinfer1;
    auto* logger = static_cast<ILogger*>(to);
#if MAJOR > 10
    auto const info = logger->getInterfaceInfo();
    auto const kind = std::string(info.kind) + " " + std::to_string(info.major) + "." + std::to_string(info.minor);
    if (kind != "ILogger 1.0" || logger->getAPILanguage() != APILanguage::kCPP) std::abort();
#endif
    last = "createInferRuntime " + std::to_string(version);
    logger->log(ILogger::Severity::kWARNING, "spoken in C++");
    return static_cast<IRuntime*>(new apiv::Mine<IRuntime, apiv::MyVRuntime>("IRuntime"));
}
"#;

/// The vendor's enumerators, and what the binding makes of their numbers.
fn assertions() -> String {
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

/// The double, open.
struct Cpp {
    /// Holds the library and what it was made of.
    _folder: tempfile::TempDir,
    library: Library,
    last_call: unsafe extern "C" fn() -> *const c_char,
}

impl Cpp {
    /// Of the headers of one folder, saying that it is that version; `restored` methods are put back into the engine.
    fn compile(headers: &str, version: i32, restored: &[&str]) -> Result<Self, String> {
        let all = fetched("headers")?;
        let (folder, own) = (tempfile::tempdir().unwrap(), all.join(headers));
        let header = restore(
            &fs::read_to_string(own.join("NvInferImpl.h")).unwrap(),
            restored,
        );
        fs::write(folder.path().join("NvInferImpl.h"), &header).unwrap();
        // Headers include their neighbours first, so all of them have to be neighbours of the changed one.
        for neighbour in fs::read_dir(&own).unwrap() {
            let neighbour = neighbour.unwrap().path();
            let to = folder.path().join(neighbour.file_name().unwrap());
            if neighbour.is_file() && !to.exists() {
                fs::copy(&neighbour, to).unwrap();
            }
        }
        let classes = ["VRuntime", "VCudaEngine", "VExecutionContext"];
        let methods = classes.map(|class| implementation(&header, class)).concat();
        let text = FRAME
            .replace("METHODS", &methods)
            .replace("ASSERTIONS", &assertions());
        let path = folder.path().join("libcpp.so");
        let [own, all] = [folder.path(), &all].map(|place| format!("-I{}", place.display()));
        let [major, version] = [
            format!("-DMAJOR={}", version / 10_000),
            format!("-DVERSION={version}"),
        ];
        let arguments = [
            "-x",
            "c++",
            "-std=c++17",
            "-w",
            &own,
            &all,
            &major,
            &version,
        ];
        children::compile("c++", &arguments, &text, &path)?;
        Ok(Self::open(folder, &path))
    }

    fn open(folder: tempfile::TempDir, path: &Path) -> Self {
        let library = Library::open(Some(path)).unwrap();
        // SAFETY: it was compiled from the text above, where this function is.
        let last_call = unsafe {
            let library = std::mem::ManuallyDrop::new(libloading::Library::new(path).unwrap());
            *library.get(c"last_call").unwrap()
        };
        Self {
            _folder: folder,
            library,
            last_call,
        }
    }

    /// The last call's name and what it was given.
    fn last(&self) -> String {
        // SAFETY: it gives a string of the library's that lives until the next call.
        let last = unsafe { CStr::from_ptr((self.last_call)()) };
        last.to_str().unwrap().to_owned()
    }
}

/// Puts methods that a later version dropped back where they were: behind the one that makes contexts.
fn restore(header: &str, methods: &[&str]) -> String {
    let before =
        "createExecutionContext(ExecutionContextAllocationStrategy strategy) noexcept = 0;";
    let method = |name: &&str| format!(" virtual std::size_t {name}() noexcept = 0;");
    let methods: String = methods.iter().map(method).collect();
    assert!(header.contains(before));
    header.replacen(before, &format!("{before}{methods}"), 1)
}

static SPOKEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn at(address: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(address)
}

/// Calls everything and looks where it landed. `version` is what the library was told to say.
fn every_call_lands(cpp: &Cpp, version: i32) {
    SPOKEN.lock().unwrap().clear();
    let logger = Logger::new(|_, message| SPOKEN.lock().unwrap().push(message.to_owned()));
    let runtime = cpp.library.runtime(&assumed(), logger).unwrap();
    assert_eq!(*SPOKEN.lock().unwrap(), ["spoken in C++"]);
    assert_eq!(cpp.last(), format!("createInferRuntime {version}"));

    let plan = [7_u8; 5];
    let engine = runtime.deserialize(&plan).unwrap();
    assert_eq!(
        cpp.last(),
        format!("deserializeCudaEngine {:?} 5", plan.as_ptr())
    );
    engine_calls_land(cpp, &engine);
    let mut context = engine.context_with(Allocation::OnProfileChange).unwrap();
    assert_eq!(cpp.last(), "createExecutionContext 1");
    context_calls_land(cpp, &mut context);

    drop((runtime, engine));
    assert!(
        cpp.last().starts_with("setDeviceMemoryV2"),
        "{}",
        cpp.last()
    );
    drop(context);
    assert_eq!(cpp.last(), "~IRuntime");
}

fn engine_calls_land(cpp: &Cpp, engine: &tensorrt_rs::Engine) {
    let number = |name: &str| i32::try_from(weight(name)).unwrap();
    let shape = |name: &str| Dims::new(&[weight(name), -1]).unwrap();
    let tensors = engine.tensors().unwrap();
    assert_eq!(
        tensors.len(),
        usize::try_from(number("getNbIOTensors")).unwrap()
    );
    assert_eq!(cpp.last(), "getTensorShape getIOTensorName");
    let tensor = &tensors[0];
    assert_eq!(tensor.name, "getIOTensorName");
    assert_eq!(tensor.mode, Mode::Other(number("getTensorIOMode")));
    assert_eq!(tensor.dtype, DType::Other(number("getTensorDataType")));
    assert_eq!(
        tensor.location,
        Location::Other(number("getTensorLocation"))
    );
    assert_eq!(tensor.format, Format::Other(number("getTensorFormat")));
    assert_eq!(tensor.shape, shape("getTensorShape"));

    assert_eq!(
        engine.profile_shape("x", 3, Bound::Max),
        Ok(shape("getProfileShape"))
    );
    assert_eq!(cpp.last(), "getProfileShape x 3 2");
    assert_eq!(
        engine.profiles(),
        usize::try_from(weight("getNbOptimizationProfiles")).unwrap()
    );
    assert_eq!(
        engine.aux_streams(),
        usize::try_from(weight("getNbAuxStreams")).unwrap()
    );
    assert_eq!(
        engine.device_memory_size(),
        u64::try_from(weight("getDeviceMemorySizeV2")).unwrap()
    );
}

fn context_calls_land(cpp: &Cpp, context: &mut tensorrt_rs::Context) {
    // SAFETY: the double writes down what it is given and uses none of it.
    unsafe {
        context.set_profile(2, at(0x10)).unwrap();
        assert_eq!(cpp.last(), "setOptimizationProfileAsync 2 0x10");
        context.set_tensor_address("x", at(0x20)).unwrap();
        assert_eq!(cpp.last(), "setTensorAddress x 0x20");
        context.set_input_consumed_event(at(0x30)).unwrap();
        assert_eq!(cpp.last(), "setInputConsumedEvent 0x30");
        context.enqueue(at(0x40)).unwrap();
        assert_eq!(cpp.last(), "enqueueV3 0x40");
        let streams = [at(0x50), at(0x60)];
        context.set_aux_streams(&streams);
        assert_eq!(
            cpp.last(),
            format!("setAuxStreams {:?} 2", streams.as_ptr())
        );
    }
    context
        .set_input_shape("x", &Dims::new(&[1, -1, 7]).unwrap())
        .unwrap();
    assert_eq!(cpp.last(), "setInputShape x 1x-1x7");
    let shape = Dims::new(&[weight("getTensorShape"), -1]).unwrap();
    assert_eq!(context.tensor_shape("y"), Ok(shape));
    assert_eq!(cpp.last(), "getTensorShape y");
    assert!(context.infer_shapes().is_err());
    assert!(
        cpp.last().starts_with("inferShapes 16 0x"),
        "{}",
        cpp.last()
    );
    context.set_persistent_cache_limit(1 << 40);
    assert_eq!(cpp.last(), "setPersistentCacheLimit 1099511627776");
    let size = usize::try_from(weight("updateDeviceMemorySizeForShapes")).unwrap();
    assert_eq!(context.update_device_memory_size_for_shapes(), Ok(size));
    // SAFETY: as above.
    unsafe { context.set_device_memory(at(0x70), 99) };
    assert_eq!(cpp.last(), "setDeviceMemoryV2 0x70 99");
}

fn lands_in(headers: &str, version: i32, restored: &[&str]) {
    match Cpp::compile(headers, version, restored) {
        Ok(cpp) => every_call_lands(&cpp, version),
        Err(why) => println!("skipped: {why}"),
    }
}

#[test]
fn every_call_lands_on_its_method_as_the_vendors_headers_lay_them_out() {
    lands_in("TRT-Enterprise-11.4", 110_400, &[]);
    lands_in("TRT-RTX-1.7", 10_701, &[]);
    // Headers of 10 itself are not to be had in a package. RTX 1.3's are of its time and have its runtime, context and
    // logger; its engine has dropped two methods, which were deprecated.
    let dropped = [
        "createExecutionContextWithoutDeviceMemory",
        "getDeviceMemorySize",
    ];
    lands_in("TRT-RTX-1.3", 101_303, &dropped);
}
