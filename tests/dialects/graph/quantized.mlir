// RUN: tensel-opt %s -split-input-file -verify-diagnostics | FileCheck %s
// Weights in block formats: whole blocks along the last dim.

// CHECK-LABEL: func.func @rows
func.func @rows(%w: tensor<8x40xui8>, %r: tensor<?x3x144xui8>) -> (tensor<8x64xf32>, tensor<?x3x256xf32>) {
  // CHECK: graph.dequantize "q4_1" %{{.*}} : (tensor<8x40xui8>) -> tensor<8x64xf32>
  %0 = graph.dequantize "q4_1" %w : (tensor<8x40xui8>) -> tensor<8x64xf32>
  %1 = graph.dequantize "q4_k" %r : (tensor<?x3x144xui8>) -> tensor<?x3x256xf32>
  return %0, %1 : tensor<8x64xf32>, tensor<?x3x256xf32>
}

// -----

func.func @format(%w: tensor<8x40xui8>) {
  // expected-error@+2 {{found block format 'q9_9', expected one of q4_0, q4_1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = graph.dequantize "q9_9" %w : (tensor<8x40xui8>) -> tensor<8x64xf32>
  return
}

// -----

func.func @part(%w: tensor<8x41xui8>) {
  // expected-error@+2 {{expected rows of whole blocks of 20 bytes, found 41}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = graph.dequantize "q4_1" %w : (tensor<8x41xui8>) -> tensor<8x64xf32>
  return
}
