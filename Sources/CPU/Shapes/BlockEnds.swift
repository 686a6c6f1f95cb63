import Layout
import MMU

// How a block's last op leaves: RIP in the state, and in `link` the place where the run loop may remember the block
// that follows (docs/ARCHITECTURE.md, "Blocks").

extension UnsafePointer where Pointee == DecodedOp {
  /// The links behind a block's last op.
  @inline(__always) var links: UnsafeMutablePointer<BlockLinks> {
    UnsafeMutableRawPointer(mutating: self + 1).assumingMemoryBound(to: BlockLinks.self)
  }

  /// Where the successor is remembered that a taken branch goes to.
  @inline(__always) var taken: UnsafeMutablePointer<BlockRef?> {
    UnsafeMutableRawPointer(links).assumingMemoryBound(to: BlockRef?.self)
  }

  /// Where the successor is remembered that lies behind the block.
  @inline(__always) var notTaken: UnsafeMutablePointer<BlockRef?> { taken + 1 }

  /// Distance of the next instruction from the block's first byte.
  @inline(__always) var endOffset: UInt64 { UInt64(pointee.ripOffset) &+ UInt64(pointee.length) }
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// Goes on behind the block.
  @inline(__always) func fallThrough(_ op: OpRef) {
    pointee.link = op.notTaken
    pointee.rip = pointee.rip &+ op.endOffset
  }

  /// Goes on at the target of a direct branch.
  @inline(__always) func branch<M: ModeForm>(_: M.Type, _ op: OpRef) {
    guard M.isDirectTargetInside(self, op) else { return raise(self, op, .generalProtection) }
    pointee.rip = M.direct(self, op)
    return follow(op.taken)
  }

  /// Goes on behind a direct branch that is not taken.
  @inline(__always) func passBranch(_ op: OpRef) {
    pointee.rip = pointee.rip &+ op.endOffset
    return follow(op.notTaken)
  }

  /// Goes on at an address that an instruction computed.
  @inline(__always) func branch<M: ModeForm>(_: M.Type, _ op: OpRef, to rip: UInt64) {
    guard let target = M.target(self, op, rip) else { return raise(self, op, .generalProtection) }
    pointee.link = nil
    pointee.rip = target
  }

  /// Goes on at an address that has been checked.
  @inline(__always) func branch(to rip: UInt64) {
    pointee.link = nil
    pointee.rip = rip
  }

  /// Enters the block that a link names; without one, or when the deadline is too near, the run loop decides.
  @inline(__always) func follow(_ link: UnsafeMutablePointer<BlockRef?>) {
    pointee.link = link
    // Without optimization a tail call is a call: the run loop does it there.
    #if !DEBUG
      guard let next = link.pointee else { return }
      let cycles = pointee.cycles &+ UInt64(next.pointee.cycles)
      guard cycles <= pointee.deadline else { return }
      pointee.cycles = cycles
      pointee.instructions = pointee.instructions &+ UInt64(next.pointee.count)
      pointee.block = next
      let ops = OpRef(next.ops)
      return ops.pointee.handler(self, ops)
    #endif
  }
}

/// Jcc.
@inline(__always)
func jumpIf<C: Condition, M: ModeForm>(_: C.Type, _: M.Type, _ s: State, _ op: OpRef) {
  if C.holds(s.flags) { return s.branch(M.self, op) }
  return s.passBranch(op)
}
