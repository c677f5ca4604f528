//! Kernels out of PTX: loaded once an engine, launched with checked sizes.

use super::super::fault::{Check as _, Checked, Code};
use super::super::stream::Stream;
use crate::engine::{LoadError, manifest::PixelForm};
use cust::{
    module::Module,
    sys::{CUdeviceptr, CUfunction, cuLaunchKernel},
};
use std::{
    ffi::{c_int, c_void},
    ptr,
    rc::Rc,
};

/// Threads of a block: a multiple of the 32 that run together, few enough for any device (CUDA Programming Guide, "Thread
/// Hierarchy").
const THREADS: u32 = 256;
/// The same for blocks over a picture: 32 pixels of a row, so that a block reads whole lines of memory.
const TILE: (u32, u32) = (32, 8);

/// Functions of one PTX file.
#[derive(Clone, Debug)]
pub struct Kernels(Rc<Module>);

/// One function; its module is kept loaded.
#[derive(Clone, Debug)]
pub struct Kernel {
    function: CUfunction,
    _module: Rc<Module>,
}

/// How many threads a launch has in each direction; more than asked, the kernels leave out those too many.
#[derive(Clone, Copy, Debug)]
pub enum Extent {
    /// So many elements, of so many items.
    Line(usize, usize),
    /// Columns and rows, of so many items.
    Picture(usize, usize, usize),
}

impl Kernels {
    /// Has the driver compile a PTX for this device.
    ///
    /// # Errors
    /// The driver's words.
    pub fn load(ptx: &str) -> Result<Self, LoadError> {
        let module = Module::from_ptx(ptx, &[]);
        let module =
            module.map_err(|e| Code::from(e).load("compiling our kernels for the device"))?;
        Ok(Self(Rc::new(module)))
    }

    /// The function of this name.
    ///
    /// # Errors
    /// If the PTX has none.
    pub fn get(&self, name: &str) -> Result<Kernel, LoadError> {
        let function = self.0.get_function(name);
        let function = function.map_err(|e| Code::from(e).load(&format!("looking for {name}")))?;
        Ok(Kernel {
            function: function.to_raw(),
            _module: Rc::clone(&self.0),
        })
    }
}

impl Kernel {
    /// Puts a launch on the stream.
    ///
    /// # Safety
    /// The arguments must be those that the kernel's source declares, in order, and their addresses must reach as far as the
    /// extent makes it read and write, until the stream has come past it.
    pub unsafe fn launch(
        &self,
        stream: &Stream,
        extent: Extent,
        arguments: &mut [*mut c_void],
    ) -> Checked<()> {
        let count = |n: usize, by: u32| u32::try_from(n).unwrap_or(u32::MAX).div_ceil(by).max(1);
        let (grid, block) = match extent {
            Extent::Line(n, items) => ((count(n, THREADS), count(items, 1), 1), (THREADS, 1)),
            Extent::Picture(columns, rows, items) => (
                (count(columns, TILE.0), count(rows, TILE.1), count(items, 1)),
                TILE,
            ),
        };
        // SAFETY: the caller's promise for the arguments; function and stream are alive.
        unsafe {
            cuLaunchKernel(
                self.function,
                grid.0,
                grid.1,
                grid.2,
                block.0,
                block.1,
                1,
                0,
                stream.as_inner(),
                arguments.as_mut_ptr(),
                ptr::null_mut(),
            )
        }
        .check()
    }
}

/// The address of a launch's argument.
pub fn argument<T: Copy>(value: &T) -> *mut c_void {
    ptr::from_ref(value).cast_mut().cast()
}

/// A size as the kernels take it. Sides of pictures are bounded by the manifests' axes, far below what an `int` holds.
pub fn int(n: usize) -> c_int {
    c_int::try_from(n).unwrap_or(c_int::MAX)
}

/// The floats of planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floats {
    /// 32 bits.
    Single,
    /// 16 bits.
    Half,
}

impl Floats {
    /// Bytes of one.
    pub fn bytes(self) -> usize {
        match self {
            Self::Single => 4,
            Self::Half => 2,
        }
    }
}

/// `pixels.cu`: interleaved bytes to planar floats and back.
#[derive(Clone, Debug)]
pub struct PixelKernels {
    /// To 32 bits, and to 16.
    to_planar: [Kernel; 2],
    /// From 32 bits, and from 16.
    to_pixels: [Kernel; 2],
}

impl PixelKernels {
    /// Loads them.
    ///
    /// # Errors
    /// The driver's words.
    pub fn load() -> Result<Self, LoadError> {
        let kernels = Kernels::load(include_str!("../kernels/pixels.ptx"))?;
        Ok(Self {
            to_planar: [
                kernels.get("pixels_to_planar_f32")?,
                kernels.get("pixels_to_planar_f16")?,
            ],
            to_pixels: [
                kernels.get("planar_to_pixels_f32")?,
                kernels.get("planar_to_pixels_f16")?,
            ],
        })
    }

    /// Interleaved bytes at the first address to planar floats at the second, one picture of so many pixels.
    pub fn to_planar(
        &self,
        stream: &Stream,
        (from, to): (CUdeviceptr, CUdeviceptr),
        pixels: usize,
        (form, floats): (PixelForm, Floats),
    ) -> Checked<()> {
        let kernel = &self.to_planar[floats as usize];
        convert(kernel, stream, (from, to), (pixels, 1), form)
    }

    /// Planar floats at the first address to interleaved bytes at the second, so many pictures of so many pixels.
    pub fn to_pixels(
        &self,
        stream: &Stream,
        addresses: (CUdeviceptr, CUdeviceptr),
        sizes: (usize, usize),
        (form, floats): (PixelForm, Floats),
    ) -> Checked<()> {
        let kernel = &self.to_pixels[floats as usize];
        convert(kernel, stream, addresses, sizes, form)
    }
}

/// `resize.cu`: a picture of interleaved bytes at another size.
#[derive(Clone, Debug)]
pub struct ResizeKernel(Kernel);

impl ResizeKernel {
    /// Loads it.
    ///
    /// # Errors
    /// The driver's words.
    pub fn load() -> Result<Self, LoadError> {
        let kernels = Kernels::load(include_str!("../kernels/resize.ptx"))?;
        kernels.get("resize_pixels").map(Self)
    }

    /// The whole picture at the first address, of the first width and height, to the second of each: as
    /// [`crate::media::resize::whole`] does on the host.
    pub fn resize(
        &self,
        stream: &Stream,
        (from, to): (CUdeviceptr, CUdeviceptr),
        (have, want): ((usize, usize), (usize, usize)),
    ) -> Checked<()> {
        let halved = have.0.div_ceil(2) <= want.0 && have.1.div_ceil(2) <= want.1;
        let support = |have: usize, want: usize| match halved {
            true => 1.0_f32,
            false => (have as f32 / want as f32).max(1.0),
        };
        let (sw, sh, dw, dh) = (int(have.0), int(have.1), int(want.0), int(want.1));
        let (across, down) = (support(have.0, want.0), support(have.1, want.1));
        let mut arguments = [
            argument(&from),
            argument(&sw),
            argument(&sh),
            argument(&to),
            argument(&dw),
            argument(&dh),
            argument(&across),
            argument(&down),
        ];
        let extent = Extent::Picture(want.0, want.1, 1);
        // SAFETY: the arguments are those of `resize.cu`; both sides are pictures of these sizes.
        unsafe { self.0.launch(stream, extent, &mut arguments) }
    }
}

/// All four have the same arguments.
fn convert(
    kernel: &Kernel,
    stream: &Stream,
    (from, to): (CUdeviceptr, CUdeviceptr),
    (pixels, items): (usize, usize),
    form: PixelForm,
) -> Checked<()> {
    let (count, batch, swap) = (int(pixels), int(items), c_int::from(form.is_bgr));
    let (scale, bias) = (form.high - form.low, form.low);
    let mut arguments = [
        argument(&from),
        argument(&to),
        argument(&count),
        argument(&batch),
        argument(&scale),
        argument(&bias),
        argument(&swap),
    ];
    // SAFETY: the arguments are those of `pixels.cu`; both sides are pictures of so many pixels.
    unsafe { kernel.launch(stream, Extent::Line(pixels, items), &mut arguments) }
}
