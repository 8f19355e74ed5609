package sim

import "fmt"

// Verdict is what became of an expectation.
type Verdict struct {
	Text string  `json:"expect"`
	Got  float64 `json:"got"`
	Want float64 `json:"want"`
	Pass bool    `json:"pass"`
}

// Judge compares a result with what the scenario expects. Figures of other
// scenarios are looked up in others, by name.
func (s *Scenario) Judge(result *Result, others map[string]*Result) ([]Verdict, error) {
	var verdicts []Verdict
	for _, e := range s.Expect {
		got, err := look(e.Figure, result, others)
		if err != nil {
			return nil, err
		}
		want := e.Number
		if e.Of != nil {
			of, err := look(*e.Of, result, others)
			if err != nil {
				return nil, err
			}
			want *= of
		}
		pass := got >= want
		if e.AtMost {
			pass = got <= want
		}
		verdicts = append(verdicts, Verdict{e.Text, got, want, pass})
	}
	return verdicts, nil
}

// look finds a figure.
func look(f FigureName, result *Result, others map[string]*Result) (float64, error) {
	if f.In != "" {
		if result = others[f.In]; result == nil {
			return 0, fmt.Errorf("there is no result of scenario %q", f.In)
		}
	}
	value, ok := result.Figures[f.key()]
	if !ok {
		return 0, fmt.Errorf("scenario %q has no figure %q", result.Name, f.key())
	}
	return value, nil
}
