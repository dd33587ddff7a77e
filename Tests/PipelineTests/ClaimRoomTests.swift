import Testing

@testable import Pipeline

@Suite struct ClaimRoomTests {
    @Test func `room is an eighth of the descriptors, and bounded`() {
        #expect(ClaimRoom(descriptors: 80).take(128) == 10)
        #expect(ClaimRoom(descriptors: .max).take(.max) == ClaimRoom.limit)
    }

    @Test func `without room there is room for one`() {
        let room = ClaimRoom(descriptors: 80)
        #expect(room.take(4) == 4)
        #expect(room.take(128) == 6)
        #expect(room.take(128) == 1)
        room.giveBack(7)
        #expect(room.take(128) == 6)
    }

    @Test func `a process takes the descriptors it may have`() {
        let limit = ClaimRoom.raisedDescriptorLimit()
        #expect(limit > 0 && limit == ClaimRoom.raisedDescriptorLimit())
    }
}
