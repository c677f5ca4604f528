// A walk through one picture: the graph of models/recipes/world_box.py, which says what each step means.
//
// Not responsible for where the pictures live: each item of a batch names them by address. Invariant: frames agree with
// the graph within 1e-3, and every number here is one of the recipe's.
//
// Three launches a batch, z = the item: world_grid over the coarse grid's columns and rows, then world_warp and
// world_finish over the frame's columns and rows. Sides are multiples of 4.

typedef unsigned char u8;

// 56 bytes. `image` is the reference picture, `frame` where the new one goes; both planar [3][height][width], and never
// the same memory: a renewal samples the one while the other is written.
struct WorldItem {
    unsigned long long image;
    unsigned long long frame;
    float pose[6];
    float scene[4];
};

// The recipe's constants, as macros: NVRTC would give each a place in the device's memory.
#define COARSE 4
#define PLANES 5
#define HALF_VIEW 0.99f
#define ABSENT 16.0f
#define FAR 64.0f
#define CEILING 0.8f
#define SHARPEN 0.8f
#define SHARPEN_MOST 0.55f
#define RENEW_STEP 0.8f

static __device__ __forceinline__ float clip(float value, float low, float high) {
    return fminf(fmaxf(value, low), high);
}

// View coordinate of step `at` of `steps`: -1 to 1.
static __device__ __forceinline__ float along(int at, int steps) {
    return (float)at * 2.0f / (float)steps - 1.0f;
}

// Weight of the renewal's view, 0 when there is none.
static __device__ __forceinline__ float renewal(const WorldItem& item) {
    return clip(item.pose[5], 0.0f, 1.0f);
}

// The picture's sides relative to the longer one: half of each at depth 1.
struct Lens {
    float a;
    float b;

    __device__ __forceinline__ Lens(int width, int height) {
        float longest = (float)max(width, height);
        a = (float)width / longest * HALF_VIEW;
        b = (float)height / longest * HALF_VIEW;
    }
};

// The box round the reference camera, which stands at the origin and looks along +z; x is right, y is down.
struct Box {
    float centre, floor, wall, back, ceiling;
    // Depth at which a line parallel to the view leaves the picture: per unit of x, of y down and of y up.
    float near_x, near_down, near_up;

    __device__ __forceinline__ Box(const float* scene, const Lens& lens) {
        centre = clip(scene[0], 0.05f, 0.95f) * 2.0f - 1.0f;
        floor = clip(scene[1], 0.05f, FAR);
        wall = clip(fabsf(scene[2]), 0.05f, FAR);
        back = clip(scene[3], 0.5f, FAR);
        float has_floor = floor < ABSENT ? 1.0f : 0.0f;
        float has_wall = wall < ABSENT ? 1.0f : 0.0f;
        // A negative wall is one without a ceiling over it: a street.
        bool has_ceiling = scene[2] > 0.0f && scene[2] < ABSENT;
        ceiling = has_ceiling ? floor * CEILING : FAR;
        near_x = has_wall / lens.a;
        near_down = has_floor / ((1.0f - centre) * lens.b);
        near_up = has_wall / ((1.0f + centre) * lens.b);
    }
};

// The camera's turn, kept ahead.
struct Turn {
    float sin_yaw, cos_yaw, sin_pitch, cos_pitch;

    __device__ __forceinline__ explicit Turn(const float* pose) {
        float yaw = clip(pose[3], -0.5f, 0.5f), pitch = clip(pose[4], -0.5f, 0.5f);
        sin_yaw = sinf(yaw), cos_yaw = cosf(yaw);
        sin_pitch = sinf(pitch), cos_pitch = cosf(pitch);
    }
};

// Where a pixel of the view lies in the reference picture, and how much larger it is drawn than there.
struct Place {
    float x, y, magnification;
};

// The triangle wave that is the identity on [-1, 1] and stays inside it everywhere.
static __device__ __forceinline__ float mirror(float value) {
    float turns = (value + 1.0f) * 0.25f;
    return 1.0f - fabsf((turns - floorf(turns)) * 4.0f - 2.0f);
}

// The ray through (u, v) of the camera at `pose`, with `back_off` backs behind it, to the box and into the picture.
static __device__ __forceinline__ Place place(
    const Box& box, const Lens& lens, const float* pose, const Turn& turn, float back_off, float u, float v) {
    float x = fminf(fmaxf(pose[0], box.wall * -0.9f), box.wall * 0.9f);
    float y = fminf(fmaxf(pose[1], box.ceiling * -0.9f), box.floor * 0.9f);
    float z = fminf(fmaxf(pose[2] - box.back * back_off, -FAR), box.back * 0.9f);
    float level_dx = u * lens.a, level_dy = (v - box.centre) * lens.b;
    float dy = level_dy * turn.cos_pitch - turn.sin_pitch;
    float level_ahead = fmaxf(level_dy * turn.sin_pitch + turn.cos_pitch, 0.05f);
    float dx = level_dx * turn.cos_yaw + level_ahead * turn.sin_yaw;
    float ahead = fmaxf(level_ahead * turn.cos_yaw - level_dx * turn.sin_yaw, 0.05f);
    // The nearest face: the inverse of its distance is the largest of five.
    float inverse = fmaxf(ahead / (box.back - z), dx / (box.wall - x));
    inverse = fmaxf(inverse, -(dx / (box.wall + x)));
    inverse = fmaxf(inverse, dy / (box.floor - y));
    inverse = fmaxf(inverse, -(dy / (box.ceiling + y)));
    x += dx / inverse, y += dy / inverse, z += ahead / inverse;
    float near = fmaxf(fmaxf(fabsf(x) * box.near_x, y * box.near_down), -(y * box.near_up));
    float depth = near + fabsf(z - near);
    Place place;
    place.x = mirror(x / (depth * lens.a));
    place.y = mirror(y / (depth * lens.b) + box.centre);
    place.magnification = depth * inverse;
    return place;
}

// The four knots of the coarse grid round a pixel, and the weights of the later two in each direction.
struct Cell {
    int at;
    int columns;
    float right, down;

    __device__ __forceinline__ Cell(int x, int y, int width, int height) {
        columns = width / COARSE + 1;
        int column = knot(x, width, right), row = knot(y, height, down);
        at = row * columns + column;
    }

    // The knot before a pixel, and how far behind it the pixel lies; the last pixel lies one behind the last but one.
    static __device__ __forceinline__ int knot(int at, int side, float& behind) {
        int cells = side / COARSE;
        int before = min(at * cells / (side - 1), cells - 1);
        behind = (float)(at * cells - before * (side - 1)) / (float)(side - 1);
        return before;
    }

    __device__ __forceinline__ float of(const float* plane) const {
        const float* knots = plane + at;
        float upper = knots[0] * (1.0f - right) + knots[1] * right;
        float lower = knots[columns] * (1.0f - right) + knots[columns + 1] * right;
        return upper * (1.0f - down) + lower * down;
    }
};

// Where to sample a picture: the upper left of four pixels, which may lie outside, and the weights of the others.
struct Spot {
    int left, top;
    float right, down;

    // The pixel's own place moved by what the coarse grid says.
    __device__ __forceinline__ Spot(const Cell& cell, const float* offsets, int x, int y, int width, int height) {
        int knots = (width / COARSE + 1) * (height / COARSE + 1);
        float gx = cell.of(offsets) + along(x, width - 1);
        float gy = cell.of(offsets + knots) + along(y, height - 1);
        float at_x = (gx + 1.0f) / 2.0f * (float)(width - 1), at_y = (gy + 1.0f) / 2.0f * (float)(height - 1);
        left = (int)floorf(at_x), top = (int)floorf(at_y);
        right = at_x - (float)left, down = at_y - (float)top;
    }

    // Nothing is outside the picture.
    static __device__ __forceinline__ float pixel(const float* plane, int x, int y, int width, int height) {
        bool inside = x >= 0 && x < width && y >= 0 && y < height;
        return inside ? plane[y * width + x] : 0.0f;
    }

    __device__ __forceinline__ float of(const float* plane, int width, int height) const {
        float upper = pixel(plane, left, top, width, height) * (1.0f - right)
            + pixel(plane, left + 1, top, width, height) * right;
        float lower = pixel(plane, left, top + 1, width, height) * (1.0f - right)
            + pixel(plane, left + 1, top + 1, width, height) * right;
        return upper * (1.0f - down) + lower * down;
    }
};

// What the unsharp mask adds at full strength: the pixel less the binomial mean round it, nothing outside the frame.
static __device__ __forceinline__ float edge(const float* plane, int x, int y, int width, int height) {
    float sum = 0.0f;
    for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) {
            float weight = (float)((2 - abs(dx)) * (2 - abs(dy))) / -16.0f + (dx == 0 && dy == 0 ? 1.0f : 0.0f);
            sum += Spot::pixel(plane, x + dx, y + dy, width, height) * weight;
        }
    }
    return sum;
}

// [0, 1] → 0 … 255, halves upwards, not-a-number to 0: as planar_to_rgb8 of src/media/convert.
static __device__ __forceinline__ u8 level(float value) {
    return (u8)(int)(clip(value, 0.0f, 1.0f) * 255.0f + 0.5f);
}

// The geometry, on every fourth pixel: grid [batch][5][rows * columns] = offset x, offset y, amount of sharpening, and
// offset x and y of the renewal's view, which are written only for an item that is being renewed.
extern "C" __global__ void world_grid(
    const WorldItem* __restrict__ items, float* __restrict__ grid, int width, int height) {
    int columns = width / COARSE + 1, rows = height / COARSE + 1;
    int column = blockIdx.x * blockDim.x + threadIdx.x;
    int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (column >= columns || row >= rows) return;
    const WorldItem& item = items[blockIdx.z];
    int knots = columns * rows;
    float* knot = grid + (long long)blockIdx.z * PLANES * knots + row * columns + column;
    Lens lens(width, height);
    Box box(item.scene, lens);
    float u = along(column, columns - 1), v = along(row, rows - 1);
    Turn turn(item.pose);
    Place seen = place(box, lens, item.pose, turn, 0.0f, u, v);
    knot[0] = seen.x - u;
    knot[knots] = seen.y - v;
    knot[2 * knots] = clip((seen.magnification - 1.0f) * SHARPEN, 0.0f, SHARPEN_MOST);
    if (renewal(item) > 0.0f) {
        Place farther = place(box, lens, item.pose, turn, RENEW_STEP, u, v);
        knot[3 * knots] = farther.x - u;
        knot[4 * knots] = farther.y - v;
    }
}

// The picture where the grid says: sampled [batch][3][height * width].
extern "C" __global__ void world_warp(
    const WorldItem* __restrict__ items, const float* __restrict__ grid, float* __restrict__ sampled, int width, int height) {
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height) return;
    int pixels = width * height, knots = (width / COARSE + 1) * (height / COARSE + 1);
    const float* offsets = grid + (long long)blockIdx.z * PLANES * knots;
    const float* image = (const float*)items[blockIdx.z].image;
    float* to = sampled + (long long)blockIdx.z * 3 * pixels + y * width + x;
    Spot spot(Cell(x, y, width, height), offsets, x, y, width, height);
    for (int channel = 0; channel < 3; channel++) {
        to[channel * pixels] = spot.of(image + channel * pixels, width, height);
    }
}

// Sharpens, mixes in the renewal's view and writes the frame: floats to its item's memory, pixels [batch][height * width][3].
extern "C" __global__ void world_finish(
    const WorldItem* __restrict__ items, const float* __restrict__ grid, const float* __restrict__ sampled,
    u8* __restrict__ pixels_out, int width, int height) {
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height) return;
    int pixels = width * height, knots = (width / COARSE + 1) * (height / COARSE + 1);
    const WorldItem& item = items[blockIdx.z];
    const float* planes = grid + (long long)blockIdx.z * PLANES * knots;
    const float* unsharp = sampled + (long long)blockIdx.z * 3 * pixels;
    Cell cell(x, y, width, height);
    Spot farther(cell, planes + 3 * knots, x, y, width, height);
    float amount = cell.of(planes + 2 * knots), weight = renewal(item);
    const float* image = (const float*)item.image;
    float* frame = (float*)item.frame;
    u8* to = pixels_out + ((long long)blockIdx.z * pixels + y * width + x) * 3;
    for (int channel = 0; channel < 3; channel++) {
        const float* plane = unsharp + channel * pixels;
        float value = clip(plane[y * width + x] + edge(plane, x, y, width, height) * amount, 0.0f, 1.0f);
        if (weight > 0.0f) {
            value += (farther.of(image + channel * pixels, width, height) - value) * weight;
        }
        frame[channel * pixels + y * width + x] = value;
        to[channel] = level(value);
    }
}
