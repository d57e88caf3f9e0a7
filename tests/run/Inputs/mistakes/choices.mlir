// Choosing and moving: loops, branches, comparisons, windows, indices, NaN; all dims static.
func.func @main(%x: tensor<6x6xf32> {graph.name = "x"}, %b: tensor<6xf32> {graph.name = "b"}, %flag: tensor<i1> {graph.name = "flag"})
    -> (tensor<6x6xf32> {graph.name = "looped"}, tensor<6x6xf32> {graph.name = "chosen"}, tensor<6xi64> {graph.name = "best"},
        tensor<3x6xf32> {graph.name = "picked"}, tensor<7x8xf32> {graph.name = "padded"}, tensor<1x1x3x3xf32> {graph.name = "pooled"},
        tensor<6x6xf32> {graph.name = "rounded"}, tensor<6xf32> {graph.name = "share"}, tensor<6x6xf32> {graph.name = "most"}, tensor<6x6xf32> {graph.name = "soft"}) {
  %five = graph.constant dense<5> : tensor<i64> loc("five (Constant)")
  %true = graph.constant dense<true> : tensor<i1> loc("true (Constant)")
  %half = graph.constant dense<0.5> : tensor<f32> loc("half (Constant)")
  %shifted = graph.add %x, %b : (tensor<6x6xf32>, tensor<6xf32>) -> tensor<6x6xf32> loc("shifted (Add)")
  %looped = graph.loop %five, %true, %shifted : (tensor<i64>, tensor<i1>, tensor<6x6xf32>) -> tensor<6x6xf32> {
  ^bb0(%i: tensor<i64>, %c: tensor<6x6xf32>):
    %n = graph.mul %c, %half : (tensor<6x6xf32>, tensor<f32>) -> tensor<6x6xf32> loc("shrunk (Mul)")
    %a = graph.sub %n, %b : (tensor<6x6xf32>, tensor<6xf32>) -> tensor<6x6xf32> loc("moved (Sub)")
    graph.yield %true, %a : tensor<i1>, tensor<6x6xf32>
  } loc("loop (Loop)")
  %branch = graph.if %flag : tensor<i1> -> (tensor<6x6xf32>) {
    %e = graph.exp %looped : (tensor<6x6xf32>) -> tensor<6x6xf32> loc("grown (Exp)")
    graph.yield %e : tensor<6x6xf32>
  } else {
    %n = graph.neg %looped : (tensor<6x6xf32>) -> tensor<6x6xf32> loc("turned (Neg)")
    graph.yield %n : tensor<6x6xf32>
  } loc("branch (If)")
  %log = graph.log %x : (tensor<6x6xf32>) -> tensor<6x6xf32> loc("log (Log)")
  %most = graph.max %log, %branch : (tensor<6x6xf32>, tensor<6x6xf32>) -> tensor<6x6xf32> loc("most (Max)")
  %sharp = graph.relu %x : (tensor<6x6xf32>) -> tensor<6x6xf32> loc("sharp (Relu)")
  %zero = graph.constant dense<0.0> : tensor<f32> loc("zero (Constant)")
  %is = graph.compare gt %sharp, %zero : (tensor<6x6xf32>, tensor<f32>) -> tensor<6x6xi1> loc("is (Greater)")
  %chosen = graph.select %is, %most, %branch : (tensor<6x6xi1>, tensor<6x6xf32>, tensor<6x6xf32>) -> tensor<6x6xf32> loc("chosen (Where)")
  %best = graph.arg_reduce max %sharp {axis = 1 : i64} : (tensor<6x6xf32>) -> tensor<6xi64> loc("best (ArgMax)")
  %running = graph.cumulate sum %sharp {axis = 1 : i64} : (tensor<6x6xf32>) -> tensor<6x6xf32> loc("running (CumSum)")
  %rows = graph.constant dense<[2, 4, 1]> : tensor<3xi64> loc("rows (Constant)")
  %picked = graph.gather %running, %rows {axis = 0 : i64} : (tensor<6x6xf32>, tensor<3xi64>) -> tensor<3x6xf32> loc("picked (Gather)")
  %pads = graph.constant dense<[1, 0, 0, 2]> : tensor<4xi64> loc("pads (Constant)")
  %padded = graph.pad constant %looped, %pads, %half : (tensor<6x6xf32>, tensor<4xi64>, tensor<f32>) -> tensor<7x8xf32> loc("padded (Pad)")
  %square = graph.unsqueeze %running {axes = array<i64: 0, 1>} : (tensor<6x6xf32>) -> tensor<1x1x6x6xf32> loc("square (Unsqueeze)")
  %pooled = graph.pool max %square {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 0, 0>} : (tensor<1x1x6x6xf32>) -> tensor<1x1x3x3xf32> loc("pooled (MaxPool)")
  %four = graph.constant dense<4.0> : tensor<f32> loc("four (Constant)")
  %wide = graph.mul %x, %four : (tensor<6x6xf32>, tensor<f32>) -> tensor<6x6xf32> loc("wide (Mul)")
  %narrow = graph.mul %x, %half : (tensor<6x6xf32>, tensor<f32>) -> tensor<6x6xf32> loc("narrow (Mul)")
  %soft = graph.softmax %narrow {axis = 1 : i64} : (tensor<6x6xf32>) -> tensor<6x6xf32> loc("soft (Softmax)")
  %rounded = graph.round %wide : (tensor<6x6xf32>) -> tensor<6x6xf32> loc("rounded (Round)")
  %shape = graph.shape_of %running : (tensor<6x6xf32>) -> tensor<2xi64> loc("shape (Shape)")
  %first = graph.constant dense<0> : tensor<i64> loc("first (Constant)")
  %size = graph.gather %shape, %first {axis = 0 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64> loc("size (Gather)")
  %count = graph.cast %size {to = f32} : (tensor<i64>) -> tensor<f32> loc("count (Cast)")
  %totals = graph.reduce sum %rounded {axes = array<i64: 1>} : (tensor<6x6xf32>) -> tensor<6xf32> loc("totals (ReduceSum)")
  %share = graph.div %totals, %count : (tensor<6xf32>, tensor<f32>) -> tensor<6xf32> loc("share (Div)")
  return %looped, %chosen, %best, %picked, %padded, %pooled, %rounded, %share, %most, %soft : tensor<6x6xf32>, tensor<6x6xf32>, tensor<6xi64>, tensor<3x6xf32>, tensor<7x8xf32>, tensor<1x1x3x3xf32>, tensor<6x6xf32>, tensor<6xf32>, tensor<6x6xf32>, tensor<6x6xf32> loc("graph")
}
