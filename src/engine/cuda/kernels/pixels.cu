// Interleaved bytes to the planar floats that models take, and back: what src/media/convert does on the host.
//
// Not responsible for resizing. Invariant: for the range [0, 1] both ways give the same bits as src/media/convert, and in
// planar_to_pixels not-a-number becomes 0. Compiled without fused multiplication (scripts/kernels), which that needs.
//
// Launch: x over the pixels of one picture, y = the picture of the batch. `bias` is the low end of the range and `scale`
// its width. With `swap` the planes are blue, green, red.

typedef unsigned char u8;
typedef unsigned short half_bits;

static __device__ __forceinline__ int thread_pixel() {
    return blockIdx.x * blockDim.x + threadIdx.x;
}

static __device__ __forceinline__ half_bits to_half(float value) {
    half_bits bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}

static __device__ __forceinline__ float from_half(half_bits bits) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}

static __device__ __forceinline__ void store(float* at, float value) { *at = value; }
static __device__ __forceinline__ void store(half_bits* at, float value) { *at = to_half(value); }
static __device__ __forceinline__ float load(const float* at) { return *at; }
static __device__ __forceinline__ float load(const half_bits* at) { return from_half(*at); }

// 0 … 255 → the range. 1/255 as a float is such that 255 of it are exactly 1.
static __device__ __forceinline__ float in_range(u8 level, float scale, float bias) {
    return bias + (float)level * (1.0f / 255.0f) * scale;
}

// The range → 0 … 255, halves upwards. fmaxf gives its other operand for not-a-number: the zero.
static __device__ __forceinline__ u8 level(float value, float scale, float bias) {
    float unit = fminf(fmaxf((value - bias) / scale, 0.0f), 1.0f);
    return (u8)(int)(unit * 255.0f + 0.5f);
}

template <typename Value>
static __device__ __forceinline__ void to_planar(
    const u8* __restrict__ src, Value* __restrict__ dst, int pixels, int batch, float scale, float bias, int swap) {
    int pixel = thread_pixel();
    if (pixel >= pixels || blockIdx.y >= batch) return;
    long long start = (long long)blockIdx.y * pixels * 3;
    const u8* from = src + start + (long long)pixel * 3;
    Value* to = dst + start + pixel;
    long long first = swap ? 2ll * pixels : 0;
    store(to + first, in_range(from[0], scale, bias));
    store(to + pixels, in_range(from[1], scale, bias));
    store(to + 2ll * pixels - first, in_range(from[2], scale, bias));
}

template <typename Value>
static __device__ __forceinline__ void to_pixels(
    const Value* __restrict__ src, u8* __restrict__ dst, int pixels, int batch, float scale, float bias, int swap) {
    int pixel = thread_pixel();
    if (pixel >= pixels || blockIdx.y >= batch) return;
    long long start = (long long)blockIdx.y * pixels * 3;
    const Value* from = src + start + pixel;
    u8* to = dst + start + (long long)pixel * 3;
    long long first = swap ? 2ll * pixels : 0;
    to[0] = level(load(from + first), scale, bias);
    to[1] = level(load(from + pixels), scale, bias);
    to[2] = level(load(from + 2ll * pixels - first), scale, bias);
}

// src [batch][pixels][3] → dst [batch][3][pixels].
extern "C" __global__ void pixels_to_planar_f32(
    const u8* src, float* dst, int pixels, int batch, float scale, float bias, int swap) {
    to_planar(src, dst, pixels, batch, scale, bias, swap);
}

// The same to halves, rounded to the nearest, ties to even.
extern "C" __global__ void pixels_to_planar_f16(
    const u8* src, half_bits* dst, int pixels, int batch, float scale, float bias, int swap) {
    to_planar(src, dst, pixels, batch, scale, bias, swap);
}

// src [batch][3][pixels] → dst [batch][pixels][3].
extern "C" __global__ void planar_to_pixels_f32(
    const float* src, u8* dst, int pixels, int batch, float scale, float bias, int swap) {
    to_pixels(src, dst, pixels, batch, scale, bias, swap);
}

// The same from halves.
extern "C" __global__ void planar_to_pixels_f16(
    const half_bits* src, u8* dst, int pixels, int batch, float scale, float bias, int swap) {
    to_pixels(src, dst, pixels, batch, scale, bias, swap);
}
