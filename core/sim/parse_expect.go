package sim

import (
	"errors"
	"fmt"
	"strings"
)

// expect reads an expectation.
func (r *reader) expect() error {
	e := Expectation{Line: r.line, Text: strings.Join(r.words, " ")}
	if err := r.figure(&e.Figure); err != nil {
		return err
	}
	switch word := r.word(); word {
	case "<=":
		e.AtMost = true
	case ">=":
	default:
		return fmt.Errorf("%q where <= or >= is wanted", word)
	}
	if err := r.number(&e.Number); err != nil {
		return err
	}
	if r.peek() == "of" {
		r.word()
		e.Of = new(FigureName)
		if err := r.figure(e.Of); err != nil {
			return err
		}
	}
	r.scenario.Expect = append(r.scenario.Expect, e)
	return nil
}

// figure reads the name of a figure. The group of one in another scenario is
// checked by whoever knows that.
func (r *reader) figure(f *FigureName) error {
	f.Name = r.word()
	ofGroup, known := figures[f.Name]
	if !known {
		return fmt.Errorf("unknown figure %q", f.Name)
	}
	if ofGroup {
		f.Group = r.word()
	}
	if r.peek() == "in" {
		r.word()
		if f.In = r.word(); f.In == "" {
			return errEnd
		}
	}
	return nil
}

// check looks at the scenario as a whole.
func (s *Scenario) check() error {
	switch {
	case s.Length == 0 || s.PieceLength == 0:
		return errors.New("there is no file")
	case s.Until == 0:
		return errors.New("it does not end: there is no until")
	case len(s.Groups) == 0:
		return errors.New("nobody is there")
	}
	for _, h := range s.Happenings {
		if h.Who != "tracker" && s.group(h.Who) == nil {
			return fmt.Errorf("there is no group %q", h.Who)
		}
	}
	for _, e := range s.Expect {
		if err := s.checkFigure(e.Figure); err != nil {
			return err
		}
		if e.Of != nil {
			if err := s.checkFigure(*e.Of); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Scenario) checkFigure(f FigureName) error {
	if f.In == "" && f.Group != "" && s.group(f.Group) == nil {
		return fmt.Errorf("%s: there is no group %q", f.Name, f.Group)
	}
	return nil
}
