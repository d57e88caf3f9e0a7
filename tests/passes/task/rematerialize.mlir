// RUN: tensel-opt %s -tensel-rematerialize | FileCheck %s
// RUN: tensel-opt %s -tensel-rematerialize=limit=20000 | FileCheck %s --check-prefix=ENOUGH

// The wide value is not kept over the peak: it is made again from the input, through the view that its reader sees it by.
// CHECK-LABEL: func.func @over_the_peak
// CHECK: %[[A:.*]] = task.dispatch @widen(%arg0)
// CHECK: task.dispatch @fold(%{{.*}})
// CHECK: task.dispatch @large
// CHECK: task.dispatch @shrink
// CHECK: %[[AGAIN:.*]] = task.dispatch @widen(%arg0)
// CHECK: %[[VIEW:.*]] = task.alias %[[AGAIN]]
// CHECK: task.dispatch @join(%[[VIEW]],
// Where the whole may take so much nothing is done.
// ENOUGH-LABEL: func.func @over_the_peak
// ENOUGH-COUNT-1: task.dispatch @widen
// ENOUGH-NOT: task.dispatch @widen
// ENOUGH: return
func.func @over_the_peak(%x: tensor<4xf32>) -> tensor<4xf32> attributes {tensel.entry} {
  %a = task.dispatch @widen(%x) {sizes = [array<i64: 0, 4096>]} : (tensor<4xf32>) -> tensor<256x4xf32>
  %v = task.alias %a : tensor<256x4xf32> -> tensor<1024xf32>
  %b = task.dispatch @fold(%v) {sizes = [array<i64: 0, 16>]} : (tensor<1024xf32>) -> tensor<4xf32>
  %c = task.dispatch @large(%b) {sizes = [array<i64: 0, 8192>]} : (tensor<4xf32>) -> tensor<512x4xf32>
  %d = task.dispatch @shrink(%c) {sizes = [array<i64: 0, 16>]} : (tensor<512x4xf32>) -> tensor<4xf32>
  %e = task.dispatch @join(%v, %d) {sizes = [array<i64: 0, 16>]} : (tensor<1024xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %e : tensor<4xf32>
}

// What sums is not cheap, and stays.
// CHECK-LABEL: func.func @sums
// CHECK-COUNT-1: task.dispatch @sum(
// CHECK-NOT: task.dispatch @sum(
// CHECK: return
func.func @sums(%x: tensor<4x256x4xf32>) -> tensor<256x4xf32> attributes {tensel.entry} {
  %a = task.dispatch @sum(%x) {sizes = [array<i64: 0, 4096>]} : (tensor<4x256x4xf32>) -> tensor<256x4xf32>
  %b = task.dispatch @foldWide(%a) {sizes = [array<i64: 0, 16>]} : (tensor<256x4xf32>) -> tensor<4xf32>
  %c = task.dispatch @large(%b) {sizes = [array<i64: 0, 8192>]} : (tensor<4xf32>) -> tensor<512x4xf32>
  %d = task.dispatch @shrink(%c) {sizes = [array<i64: 0, 16>]} : (tensor<512x4xf32>) -> tensor<4xf32>
  %e = task.dispatch @add(%a, %d) {sizes = [array<i64: 0, 4096>]} : (tensor<256x4xf32>, tensor<4xf32>) -> tensor<256x4xf32>
  return %e : tensor<256x4xf32>
}

func.func private @widen(%a: tensor<4xf32>, %o: tensor<256x4xf32>) -> tensor<256x4xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64} {
  %shape = graph.constant dense<[256, 4]> : tensor<2xi64>
  %0 = graph.exp %a : (tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.expand %0, %shape : (tensor<4xf32>, tensor<2xi64>) -> tensor<256x4xf32>
  return %1 : tensor<256x4xf32>
}
func.func private @sum(%a: tensor<4x256x4xf32>, %o: tensor<256x4xf32>) -> tensor<256x4xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64} {
  %0 = graph.reduce sum %a {axes = array<i64: 0>, keep_dims = false} : (tensor<4x256x4xf32>) -> tensor<256x4xf32>
  return %0 : tensor<256x4xf32>
}
func.func private @fold(tensor<1024xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func private @foldWide(tensor<256x4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func private @large(tensor<4xf32>, tensor<512x4xf32>) -> tensor<512x4xf32>
func.func private @shrink(tensor<512x4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func private @join(tensor<1024xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func private @add(tensor<256x4xf32>, tensor<4xf32>, tensor<256x4xf32>) -> tensor<256x4xf32>
