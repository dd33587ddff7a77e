import Testing

@testable import Pipeline

@Suite struct VacanciesTests {
    @Test func `room that came is counted, and told for whom`() async {
        let vacancies = Vacancies()
        let before = vacancies.count
        vacancies.tell(7)
        vacancies.tell(8)
        #expect(vacancies.count == before + 2)
        #expect(await vacancies.next() == .some([7, 8]))
        vacancies.tell(7)
        vacancies.tellAll()
        #expect(vacancies.count == before + 4)
        #expect(await vacancies.next() == .all)
    }

    @Test func `what is told again is no new room, so that two who wait do not wake each other`()
        async
    {
        let vacancies = Vacancies()
        let before = vacancies.count
        vacancies.tellAgain(7)
        #expect(vacancies.count == before)
        #expect(await vacancies.next() == .some([7]))
    }
}
