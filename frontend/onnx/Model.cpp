// Reads the ONNX messages from wire bytes into the structs of Model.h; the one
// place that knows the field numbers of onnx.proto.
#include "frontend/onnx/Model.h"
#include "frontend/onnx/Tensor.h"

using namespace tensel::onnx;

static void readGraph(WireReader reader, GraphProto &graph, TensorSource &source);

static void readShape(WireReader reader, TypeProto &type) {
  while (reader.next()) {
    if (reader.field() != 1)
      continue;
    TypeProto::Dim &dim = reader.append(type.dims);
    WireReader inner = reader.message("Dimension");
    while (inner.next()) {
      if (inner.field() == 1)
        dim.size = inner.int64();
      else if (inner.field() == 2)
        dim.symbol = inner.string();
    }
  }
}

static void readTensorType(WireReader reader, TypeProto &type) {
  while (reader.next()) {
    if (reader.field() == 1) {
      type.elem = static_cast<DataType>(reader.int32());
    } else if (reader.field() == 2) {
      type.hasShape = true;
      readShape(reader.message("TensorShapeProto"), type);
    }
  }
}

static void readType(WireReader reader, TypeProto &type) {
  using Kind = TypeProto::Kind;
  auto readElement = [&](WireReader inner) {
    while (inner.next())
      if (inner.field() == 1)
        readType(inner.message("TypeProto"), inner.append(type.inner));
  };
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      type.kind = Kind::Tensor;
      readTensorType(reader.message("TypeProto.Tensor"), type);
      break;
    case 4:
      type.kind = Kind::Sequence;
      readElement(reader.message("TypeProto.Sequence"));
      break;
    case 9:
      type.kind = Kind::Optional;
      readElement(reader.message("TypeProto.Optional"));
      break;
    case 5:
      type.kind = Kind::Map;
      break;
    case 7:
      type.kind = Kind::Opaque;
      break;
    case 8:
      type.kind = Kind::SparseTensor;
      break;
    default:
      break;
    }
  }
}

static void readValueInfo(WireReader reader, ValueInfoProto &info) {
  while (reader.next()) {
    if (reader.field() == 1)
      info.name = reader.string();
    else if (reader.field() == 2)
      readType(reader.message("TypeProto"), info.type);
  }
}

/// Writers before IR version 3 may leave the type out; take it from the field.
static void settleKind(AttributeProto &attribute, uint32_t lastField) {
  using Kind = AttributeProto::Kind;
  if (attribute.kind != Kind::Undefined)
    return;
  switch (lastField) {
  case 2:
    attribute.kind = Kind::Float;
    break;
  case 3:
    attribute.kind = Kind::Int;
    break;
  case 4:
    attribute.kind = Kind::String;
    break;
  case 5:
    attribute.kind = Kind::Tensor;
    break;
  case 6:
    attribute.kind = Kind::Graph;
    break;
  case 7:
    attribute.kind = Kind::Floats;
    break;
  case 8:
    attribute.kind = Kind::Ints;
    break;
  case 9:
    attribute.kind = Kind::Strings;
    break;
  case 10:
    attribute.kind = Kind::Tensors;
    break;
  case 11:
    attribute.kind = Kind::Graphs;
    break;
  default:
    break;
  }
}

static void readAttribute(WireReader reader, AttributeProto &attribute, TensorSource &source) {
  uint32_t last = 0;
  while (reader.next()) {
    uint32_t field = reader.field();
    if (field >= 2 && field <= 11)
      last = field;
    switch (field) {
    case 1:
      attribute.name = reader.string();
      break;
    case 21:
      attribute.refName = reader.string();
      break;
    case 20: {
      int32_t kind = reader.int32();
      using Kind = AttributeProto::Kind;
      if (kind < 0 || kind > 14)
        return reader.fail("attribute type " + std::to_string(kind) + ", expected 0 to 14");
      attribute.kind = static_cast<Kind>(kind);
      break;
    }
    case 2:
      attribute.f = reader.float32();
      break;
    case 3:
      attribute.i = reader.int64();
      break;
    case 4:
      attribute.s = reader.string();
      break;
    case 5:
    case 10:
      readTensor(reader.message("TensorProto"), reader.append(attribute.tensors), source);
      break;
    case 6:
    case 11:
      readGraph(reader.message("GraphProto"), reader.append(attribute.graphs), source);
      break;
    case 7:
      reader.repeated(attribute.floats);
      break;
    case 8:
      reader.repeated(attribute.ints);
      break;
    case 9:
      reader.append(attribute.strings) = reader.string();
      break;
    case 14:
    case 15:
      readType(reader.message("TypeProto"), reader.append(attribute.types));
      break;
    case 22:
    case 23:
      reader.fail("attribute '" + std::string(attribute.name) + "' is a sparse tensor, expected a dense one");
      break;
    default:
      break;
    }
  }
  settleKind(attribute, last);
}

static void readNode(WireReader reader, NodeProto &node, TensorSource &source) {
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      reader.append(node.inputs) = reader.string();
      break;
    case 2:
      reader.append(node.outputs) = reader.string();
      break;
    case 3:
      node.name = reader.string();
      break;
    case 4:
      node.opType = reader.string();
      break;
    case 5:
      readAttribute(reader.message("AttributeProto"), reader.append(node.attributes), source);
      break;
    case 7:
      node.domain = reader.string();
      break;
    case 8:
      node.overload = reader.string();
      break;
    default:
      break;
    }
  }
}

static void readGraph(WireReader reader, GraphProto &graph, TensorSource &source) {
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      readNode(reader.message("NodeProto"), reader.append(graph.nodes), source);
      break;
    case 2:
      graph.name = reader.string();
      break;
    case 5:
      readTensor(reader.message("TensorProto"), reader.append(graph.initializers), source);
      break;
    case 11:
      readValueInfo(reader.message("ValueInfoProto"), reader.append(graph.inputs));
      break;
    case 12:
      readValueInfo(reader.message("ValueInfoProto"), reader.append(graph.outputs));
      break;
    case 13:
      readValueInfo(reader.message("ValueInfoProto"), reader.append(graph.valueInfo));
      break;
    case 15:
      reader.fail("sparse initializers are not supported, expected dense ones");
      break;
    default:
      break;
    }
  }
}

static void readOpset(WireReader reader, OperatorSetId &opset) {
  while (reader.next()) {
    if (reader.field() == 1)
      opset.domain = reader.string();
    else if (reader.field() == 2)
      opset.version = reader.int64();
  }
  // "ai.onnx" is another name of the default domain.
  if (opset.domain == "ai.onnx")
    opset.domain = "";
}

static void readFunction(WireReader reader, FunctionProto &function, TensorSource &source) {
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      function.name = reader.string();
      break;
    case 4:
      reader.append(function.inputs) = reader.string();
      break;
    case 5:
      reader.append(function.outputs) = reader.string();
      break;
    case 6:
      reader.append(function.attributes) = reader.string();
      break;
    case 7:
      readNode(reader.message("NodeProto"), reader.append(function.nodes), source);
      break;
    case 9:
      readOpset(reader.message("OperatorSetIdProto"), reader.append(function.opsets));
      break;
    case 10:
      function.domain = reader.string();
      break;
    case 11:
      readAttribute(reader.message("AttributeProto"), reader.append(function.defaults), source);
      break;
    case 13:
      function.overload = reader.string();
      break;
    default:
      break;
    }
  }
}

static void readFields(WireReader reader, ModelProto &model, TensorSource &source) {
  bool hasGraph = false;
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      model.irVersion = reader.int64();
      break;
    case 2:
      model.producer = reader.string();
      break;
    case 7:
      if (hasGraph)
        return reader.fail("a second graph, expected one");
      hasGraph = true;
      readGraph(reader.message("GraphProto"), model.graph, source);
      break;
    case 8:
      readOpset(reader.message("OperatorSetIdProto"), reader.append(model.opsets));
      break;
    case 25:
      readFunction(reader.message("FunctionProto"), reader.append(model.functions), source);
      break;
    default:
      break;
    }
  }
  if (reader.ok() && !hasGraph)
    reader.fail("no graph, expected an ONNX ModelProto with field 7");
  if (reader.ok() && model.opsets.empty())
    reader.fail("no opset_import, expected an ONNX ModelProto with field 8");
}

static std::optional<ModelProto> readAll(Bytes bytes, std::shared_ptr<MappedFile> file, const std::string &directory,
                                         std::string &error) {
  ModelProto model;
  ReadState state;
  state.base = bytes.data();
  // Structs are larger than the smallest messages; 40x covers real models with
  // room, and 1 MiB lets tiny ones be tiny.
  state.budget = bytes.size() * 40 + (uint64_t(1) << 20);
  TensorSource source{state, file.get(), directory, model.files};
  readFields(WireReader(bytes, state, "ModelProto"), model, source);
  if (state.failed()) {
    error = (file ? file->path() + ": " : std::string()) + state.error;
    return std::nullopt;
  }
  if (file)
    model.files[""] = std::move(file);
  return model;
}

std::optional<ModelProto> tensel::onnx::readModel(const std::string &path, std::string &error) {
  std::shared_ptr<MappedFile> file = MappedFile::open(path, error);
  if (!file)
    return std::nullopt;
  std::string directory = directoryOf(path);
  Bytes bytes = file->bytes();
  if (bytes.empty()) {
    error = path + ": empty file, expected an ONNX model";
    return std::nullopt;
  }
  return readAll(bytes, std::move(file), directory, error);
}

std::optional<ModelProto> tensel::onnx::readModelBytes(Bytes bytes, const std::string &directory, std::string &error) {
  return readAll(bytes, nullptr, directory, error);
}
