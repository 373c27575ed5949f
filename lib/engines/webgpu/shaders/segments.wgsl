// Parameters that lie one after another, flat and in a matrix; it precedes the kernels that know the parameters.
struct Segment {
  offset: u32,      // of its first parameter
  size: u32,        // how many they are
  columns: u32,
  row: u32,         // of the matrix, where it starts
  rows: u32,        // of the matrix, without its biases
  unitColumns: u32, // H where a quad is the gates of a unit, 0 where it is four columns side by side
  lanes: u32,       // of the gates, one a hexadecimal digit, from the last to the first
  quads: u32,       // of the matrix; 0 where it has no layouts
  weights: u32,     // where the matrix starts in `weights` and `weightsBack`, in float32
  weightsBack: u32,
  updateScale: f32,
  l1: f32,
  l2: f32,
}

