import Layout

/// A fault on the way of a transfer or a segment load. It never travels through a handler's fast path.
struct Fault: Error {
  var vector: Vector
  var error: UInt32

  init(_ vector: Vector, _ error: UInt32 = 0) {
    self.vector = vector
    self.error = error
  }

  /// A fault that concerns a selector: its index and table, RPL cleared (SDM Vol. 3, "Error Code").
  init(_ vector: Vector, selector: UInt16) { self.init(vector, UInt32(selector & 0xFFFC)) }
}

/// A segment selector (SDM Vol. 3, "Segment Selectors").
struct Selector {
  var value: UInt16

  init(_ value: UInt16) { self.value = value }

  var index: UInt64 { UInt64(value & 0xFFF8) }
  var isLocal: Bool { value & 4 != 0 }
  var privilege: UInt8 { UInt8(value & 3) }
  var isNull: Bool { value & 0xFFFC == 0 }
}

/// A descriptor (SDM Vol. 3, "Segment Descriptors", "System Descriptor Types").
struct Descriptor {
  var low: UInt64
  /// Upper half of a 16-byte system descriptor of IA-32e mode.
  var high: UInt64 = 0
  /// Where it lies.
  var address: UInt64

  enum System: UInt8 {
    case tss16Available = 1, ldt, tss16Busy, callGate16, taskGate, interruptGate16, trapGate16
    case tss32Available = 9
    case tss32Busy = 11, callGate32
    case interruptGate32 = 14, trapGate32
  }

  var type: UInt8 { UInt8(truncatingIfNeeded: low >> 40 & 15) }
  var isSystem: Bool { low >> 44 & 1 == 0 }
  var system: System? { isSystem ? System(rawValue: type) : nil }
  var privilege: UInt8 { UInt8(truncatingIfNeeded: low >> 45 & 3) }
  var isPresent: Bool { low >> 47 & 1 != 0 }
  var isCode: Bool { !isSystem && type & 8 != 0 }
  var isConforming: Bool { isCode && type & 4 != 0 }
  var isReadable: Bool { !isSystem && (!isCode || type & 2 != 0) }
  var isWritableData: Bool { !isSystem && !isCode && type & 2 != 0 }
  var isLong: Bool { low >> 53 & 1 != 0 }
  var isBig: Bool { low >> 54 & 1 != 0 }
  var isAccessed: Bool { type & 1 != 0 }

  var base: UInt64 { low >> 16 & 0xFF_FFFF | (low >> 56) << 24 | high << 32 }
  var limit: UInt32 {
    let limit = UInt32(truncatingIfNeeded: low & 0xFFFF | low >> 32 & 0xF_0000)
    return low >> 55 & 1 != 0 ? limit << 12 | 0xFFF : limit
  }
  /// As a segment register keeps them.
  var attributes: UInt32 { UInt32(truncatingIfNeeded: low >> 40 & 0xF0FF) }

  // Gates.
  var gateSelector: UInt16 { UInt16(truncatingIfNeeded: low >> 16) }
  var gateOffset16: UInt64 { low & 0xFFFF }
  var gateOffset32: UInt64 { low & 0xFFFF | low >> 32 & 0xFFFF_0000 }
  var gateOffset64: UInt64 { gateOffset32 | high << 32 }
  var parameterCount: UInt64 { low >> 32 & 31 }
  var interruptStack: UInt64 { low >> 32 & 7 }

  /// The segment register that a selector with this descriptor gives.
  func register(_ selector: UInt16) -> SegmentRegister {
    SegmentRegister(base: base, limit: limit, attributes: attributes, selector: selector, reserved: (0, 0, 0))
  }
}
