//! One clean machine at a time, and the functions of the driver with results instead of places to write to.

use fake_cuda::{control as symbols, ffi::*};
use std::{
    ffi::{CString, c_void},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A result, or the driver's number for why there is none.
pub type Answered<T = ()> = Result<T, Answer>;

pub const INVALID_VALUE: Answered = Err(1);
pub const INVALID_HANDLE: Answered = Err(400);
pub const NOT_READY: Answered = Err(600);

/// `CU_STREAM_NON_BLOCKING`.
pub const NON_BLOCKING: u32 = 1;

/// A kernel that adds `k_1` to each of the `k_2` bytes at `k_0`, and one that writes to no memory.
pub const PTX: &str = "
.version 7.8
.target sm_75
.address_size 64
.global .align 4 .u32 seven = 7;
.visible .entry add(.param .u64 k_0, .param .u32 k_1, .param .u32 k_2)
{
    .reg .pred %p<2>; .reg .b32 %r<9>; .reg .b64 %rd<5>;
    ld.param.u64 %rd1, [k_0]; ld.param.u32 %r1, [k_1]; ld.param.u32 %r2, [k_2];
    mov.u32 %r3, %ctaid.x; mov.u32 %r4, %ntid.x; mov.u32 %r5, %tid.x;
    mad.lo.s32 %r6, %r3, %r4, %r5;
    setp.ge.s32 %p1, %r6, %r2;
    @%p1 bra $DONE;
    cvt.s64.s32 %rd2, %r6; add.s64 %rd3, %rd1, %rd2;
    ld.global.u8 %r7, [%rd3]; add.s32 %r8, %r7, %r1; st.global.u8 [%rd3], %r8;
$DONE:
    ret;
}
.visible .entry stray(.param .u64 k_0)
{
    .local .align 4 .b8 depot[12];
    .reg .b32 %r<2>; .reg .b64 %rd<2>;
    mov.u32 %r1, 1; ld.param.u64 %rd1, [k_0]; st.global.u32 [%rd1], %r1;
    ret;
}";

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The machine, for one test.
pub struct Driver {
    _alone: MutexGuard<'static, ()>,
}

pub fn ok(answer: Answer) -> Answered {
    if answer == 0 { Ok(()) } else { Err(answer) }
}

fn got<T: Default>(call: impl FnOnce(Option<&mut T>) -> Answer) -> Answered<T> {
    let mut value = T::default();
    ok(call(Some(&mut value))).map(|()| value)
}

impl Driver {
    /// Nothing has been called.
    pub fn untouched() -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        symbols::fake_cuda_reset();
        Self { _alone: alone }
    }

    /// Initialised, with the context of device 0 current on this thread.
    pub fn ready() -> Self {
        let driver = Self::untouched();
        ok(cuInit(0)).unwrap();
        let context = driver.retain(0).unwrap();
        ok(cuCtxSetCurrent(context)).unwrap();
        driver
    }

    /// Ready, and every first look finds work done.
    pub fn prompt() -> Self {
        let driver = Self::ready();
        symbols::fake_cuda_set_looks(0);
        driver
    }

    pub fn retain(&self, device: DeviceNumber) -> Answered<Handle> {
        got(|context| cuDevicePrimaryCtxRetain(context, device))
    }

    pub fn tally(&self) -> fake_cuda::Tally {
        let mut tally = fake_cuda::Tally::default();
        symbols::fake_cuda_tally(&mut tally);
        tally
    }

    pub fn memory(&self, bytes: usize) -> Answered<DeviceAddress> {
        got(|address| cuMemAlloc_v2(address, bytes))
    }

    /// Device memory that holds these bytes.
    pub fn holding(&self, bytes: &[u8]) -> DeviceAddress {
        let address = self.memory(bytes.len()).unwrap();
        self.to_device(address, bytes).unwrap();
        address
    }

    pub fn to_device(&self, to: DeviceAddress, bytes: &[u8]) -> Answered {
        // SAFETY: the bytes are borrowed for the call, which carries the copy out.
        ok(unsafe { cuMemcpyHtoD_v2(to, bytes.as_ptr().cast(), bytes.len()) })
    }

    /// What device memory holds once the legacy stream is done.
    pub fn held<const N: usize>(&self, from: DeviceAddress) -> Answered<[u8; N]> {
        let mut bytes = [0; N];
        // SAFETY: the array is as long as is said.
        ok(unsafe { cuMemcpyDtoH_v2(bytes.as_mut_ptr().cast(), from, N) })?;
        Ok(bytes)
    }

    pub fn to_device_on(&self, stream: Handle, to: DeviceAddress, from: &[u8]) -> Answered {
        // SAFETY: pageable bytes are taken along in the call; pinned ones outlive the queue in these tests.
        ok(unsafe { cuMemcpyHtoDAsync_v2(to, from.as_ptr().cast(), from.len(), stream) })
    }

    pub fn to_host_on(&self, stream: Handle, to: &mut [u8], from: DeviceAddress) -> Answered {
        // SAFETY: into pageable bytes the call carries the copy out; pinned ones outlive the queue in these tests.
        ok(unsafe { cuMemcpyDtoHAsync_v2(to.as_mut_ptr().cast(), from, to.len(), stream) })
    }

    pub fn fill_on(&self, stream: Handle, to: DeviceAddress, value: u8, count: usize) -> Answered {
        ok(cuMemsetD8Async(to, value, count, stream))
    }

    pub fn stream(&self) -> Handle {
        got(|stream| cuStreamCreate(stream, NON_BLOCKING)).unwrap()
    }

    /// One that keeps the order with the legacy stream.
    pub fn blocking_stream(&self) -> Handle {
        got(|stream| cuStreamCreate(stream, 0)).unwrap()
    }

    pub fn event(&self) -> Handle {
        got(|event| cuEventCreate(event, 0)).unwrap()
    }

    /// An event in a stream, behind what is queued there.
    pub fn recorded(&self, stream: Handle) -> Handle {
        let event = self.event();
        ok(cuEventRecord(event, stream)).unwrap();
        event
    }

    pub fn elapsed(&self, start: Handle, end: Handle) -> Answered<f32> {
        got(|milliseconds| cuEventElapsedTime(milliseconds, start, end))
    }

    pub fn load(&self, ptx: &str) -> Answered<Handle> {
        let text = CString::new(ptx).unwrap();
        // SAFETY: a text of C.
        got(|module| unsafe { cuModuleLoadData(module, text.as_ptr().cast()) })
    }

    pub fn function(&self, module: Handle, name: &str) -> Answered<Handle> {
        let name = CString::new(name).unwrap();
        // SAFETY: a text of C.
        got(|function| unsafe { cuModuleGetFunction(function, module, name.as_ptr()) })
    }

    /// A function of [`PTX`].
    pub fn kernel(&self, name: &str) -> Handle {
        self.function(self.load(PTX).unwrap(), name).unwrap()
    }

    pub fn launch(
        &self,
        function: Handle,
        (blocks, threads): (u32, u32),
        stream: Handle,
        arguments: &[*const c_void],
    ) -> Answered {
        let none = std::ptr::null();
        // SAFETY: each test gives the arguments that its kernel declares.
        ok(unsafe {
            cuLaunchKernel(
                function,
                blocks,
                1,
                1,
                threads,
                1,
                1,
                0,
                stream,
                arguments.as_ptr(),
                none,
            )
        })
    }

    /// Launches `add` over `count` bytes.
    pub fn add(
        &self,
        add: Handle,
        stream: Handle,
        to: DeviceAddress,
        by: u32,
        count: u32,
    ) -> Answered {
        let arguments = [place(&to), place(&by), place(&count)];
        self.launch(add, (count.div_ceil(4), 4), stream, &arguments)
    }

    pub fn begin(&self, stream: Handle, mode: u32) -> Answered {
        ok(cuStreamBeginCapture_v2(stream, mode))
    }

    pub fn end(&self, stream: Handle) -> Answered<Handle> {
        got(|graph| cuStreamEndCapture(stream, graph))
    }

    pub fn instantiate(&self, graph: Handle) -> Answered<Handle> {
        got(|executable| cuGraphInstantiateWithFlags(executable, graph, 0))
    }

    pub fn synchronise(&self, stream: Handle) -> Answered {
        ok(cuStreamSynchronize(stream))
    }
}

/// Where an argument is.
pub fn place<T>(value: &T) -> *const c_void {
    std::ptr::from_ref(value).cast()
}

/// Pinned host memory that is given back at the end of a test.
pub struct PinnedBytes {
    address: Handle,
    bytes: usize,
}

impl PinnedBytes {
    pub fn new(bytes: usize) -> Self {
        let address = got(|address| cuMemHostAlloc(address, bytes, 0)).unwrap();
        Self { address, bytes }
    }

    pub fn get(&mut self) -> &mut [u8] {
        // SAFETY: the block is live until `self` is dropped, and is that long.
        unsafe { std::slice::from_raw_parts_mut(self.address as *mut u8, self.bytes) }
    }
}

impl Drop for PinnedBytes {
    fn drop(&mut self) {
        cuMemFreeHost(self.address);
    }
}
