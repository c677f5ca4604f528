// Pictures to a given size: what src/media/resize.rs does on the host, within one level of 255.
//
// Not responsible for choosing the size or for cropping. Invariant: every output pixel is a mean of pixels inside the
// picture, so a picture of one colour keeps it.
//
// Launch: x and y over the pixels of the target.

typedef unsigned char u8;

// The pixels of the source, along one axis, under the triangle of one pixel of the target.
struct Taps {
    int first;
    int end;
    // Of the triangle's top, from the centre of pixel 0: `whole` + `part` pixels, 0 <= part < 1.
    int whole;
    float part;
    float support;

    __device__ __forceinline__ float weight(int at) const {
        float weight = 1.0f - fabsf((float)(at - whole) - part) / support;
        return weight > 0.0f ? weight : 0.0f;
    }
};

// The top lies at (at + 1/2) · source / target − 1/2. In whole numbers, so that it does not lose bits far from 0: sides
// may have up to 32,767 pixels.
static __device__ __forceinline__ Taps taps(int at, int source, int target, float support) {
    Taps taps;
    int halves = (2 * at + 1) * source + target;
    taps.whole = halves / (2 * target) - 1;
    taps.part = (float)(halves % (2 * target)) / (float)(2 * target);
    taps.support = support;
    int reach = (int)ceilf(support);
    taps.first = max(taps.whole - reach + 1, 0);
    taps.end = min(taps.whole + reach + 1, source);
    return taps;
}

// Means are not negative, so cutting off after a half is added rounds halves upwards.
static __device__ __forceinline__ u8 level(float sum, float weights) {
    return (u8)(int)fminf(sum / weights + 0.5f, 255.0f);
}

// src [sh][sw][3] → dst [dh][dw][3], bytes. A triangle filter in each direction, pixel centres at halves: a support of 1
// is bilinear (the nearest two), a support of source / target averages down.
extern "C" __global__ void resize_pixels(
    const u8* __restrict__ src, int sw, int sh, u8* __restrict__ dst, int dw, int dh, float support_x, float support_y) {
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= dw || y >= dh) return;
    Taps across = taps(x, sw, dw, support_x);
    Taps down = taps(y, sh, dh, support_y);
    float red = 0.0f, green = 0.0f, blue = 0.0f, weights = 0.0f;
    for (int row = down.first; row < down.end; row++) {
        const u8* from = src + ((long long)row * sw + across.first) * 3;
        float tall = down.weight(row);
        for (int column = across.first; column < across.end; column++) {
            float weight = tall * across.weight(column);
            red += weight * (float)from[0];
            green += weight * (float)from[1];
            blue += weight * (float)from[2];
            weights += weight;
            from += 3;
        }
    }
    u8* to = dst + ((long long)y * dw + x) * 3;
    to[0] = level(red, weights);
    to[1] = level(green, weights);
    to[2] = level(blue, weights);
}
