import CPU
import MMU

/// A machine at a moment, in memory: it can go back there, and others can go on from there.
///
/// Pages that have changed since the snapshot before are copied, nothing else is; translations are shared until one side
/// changes them.
public struct Snapshot {
  let blueprint: Blueprint
  let memory: PhysicalMemory.Image
  let processors: [Processor.Image]
  let chipset: Chipset.Image
}

extension Board {
  /// The machine now, between two runs.
  ///
  /// - Throws: `PhysicalMemory.Failure` when the host has no room.
  public func snapshot() throws -> Snapshot {
    Snapshot(
      blueprint: blueprint, memory: try memory.image(), processors: processors.map(\.image), chipset: chipset.image)
  }

  /// Goes back, or anywhere: to a snapshot of this machine, of the one it was forked from, or of a fork.
  ///
  /// - Precondition: the snapshot is of this machine's family.
  /// - Throws: `PhysicalMemory.Failure` when the host fails; the machine is then lost.
  public func restore(_ snapshot: Snapshot) throws {
    try memory.restore(snapshot.memory)
    for (processor, image) in zip(processors, snapshot.processors) { processor.restore(image) }
    chipset.restore(snapshot.chipset)
  }
}
