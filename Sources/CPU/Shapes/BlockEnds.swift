import Layout
import MMU

// How a block's last op leaves: RIP in the state, and in `link` the place where the run loop may remember the block
// that follows (docs/ARCHITECTURE.md, "Blocks").

extension UnsafePointer where Pointee == DecodedOp {
  /// The links behind a block's last op.
  @inline(__always) var links: UnsafeMutablePointer<BlockLinks> {
    UnsafeMutableRawPointer(mutating: self + 1).assumingMemoryBound(to: BlockLinks.self)
  }

  /// Distance of the next instruction from the block's first byte.
  @inline(__always) var endOffset: UInt64 { UInt64(pointee.ripOffset) &+ UInt64(pointee.length) }
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// Goes on behind the block.
  @inline(__always) func fallThrough(_ op: OpRef) {
    pointee.link = UnsafeMutableRawPointer(op.links).assumingMemoryBound(to: UnsafeMutablePointer<DecodedBlock>?.self) + 1
    pointee.rip = pointee.rip &+ op.endOffset
  }

  /// Goes on at the target of a direct branch.
  @inline(__always) func branch(_ op: OpRef) {
    pointee.link = UnsafeMutableRawPointer(op.links).assumingMemoryBound(to: UnsafeMutablePointer<DecodedBlock>?.self)
    pointee.rip = pointee.rip &+ UInt64(bitPattern: op.pointee.immediate)
  }

  /// Goes on at an address that is not known beforehand.
  @inline(__always) func branch(to rip: UInt64) {
    pointee.link = nil
    pointee.rip = rip
  }
}

/// Jcc.
@inline(__always)
func jumpIf<C: Condition>(_: C.Type, _ s: State, _ op: OpRef) {
  if C.holds(s.flags) { return s.branch(op) }
  return s.fallThrough(op)
}
