//! Functions that bindings name and the server never calls: they are there, so that a library that names them can be
//! linked, and say that they are not supported.
#![expect(
    missing_docs,
    reason = "as the driver's manual names and describes them"
)]

use super::{Answer, call};
use crate::code::Code;

macro_rules! unsupported {
    ($($name:ident)*) => {
        /// The names of all of them.
        pub(super) const UNSUPPORTED: &[&str] = &[$(stringify!($name)),*];

        $(
            // By the C calling convention the caller clears the arguments away, so none need be named.
            #[unsafe(no_mangle)]
            pub extern "C" fn $name() -> Answer {
                call(stringify!($name), |_| Err(Code::NOT_SUPPORTED))
            }
        )*
    };
}

unsupported! {
    cuArray3DCreate_v2 cuArray3DGetDescriptor_v2 cuArrayDestroy
    cuCtxCreate_v2 cuCtxDestroy_v2 cuCtxGetCacheConfig cuCtxGetLimit cuCtxGetSharedMemConfig
    cuCtxSetCacheConfig cuCtxSetLimit cuCtxSetSharedMemConfig
    cuDestroyExternalMemory cuExternalMemoryGetMappedBuffer cuImportExternalMemory
    cuFuncSetSharedMemConfig
    cuGraphAddKernelNode cuGraphCreate cuGraphDebugDotPrint cuGraphGetEdges cuGraphKernelNodeGetParams
    cuGraphNodeGetType
    cuLaunchHostFunc cuLinkAddData_v2 cuLinkComplete cuLinkCreate_v2 cuLinkDestroy
    cuMemAdvise cuMemAllocAsync cuMemAllocManaged cuMemAllocPitch cuMemAllocPitch_v2 cuMemFreeAsync cuMemPrefetchAsync
    cuMemcpy2D_v2 cuMemcpyAtoH_v2 cuMemcpyHtoA_v2
    cuModuleLoad
    cuOccupancyAvailableDynamicSMemPerBlock cuOccupancyMaxActiveBlocksPerMultiprocessor
    cuOccupancyMaxPotentialBlockSize
    cuSurfObjectCreate cuSurfObjectDestroy cuSurfObjectGetResourceDesc
    cuTexObjectCreate cuTexObjectDestroy cuTexObjectGetResourceDesc cuTexObjectGetResourceViewDesc
}
