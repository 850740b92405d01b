//! Names as a practice has them: of many origins, with accents and hyphens, now and then in another script. Invented
//! combinations; any likeness to a person is chance.

use super::random::SeededRng;

const FIRST: &str = "Aaron Abigail Adaeze Aisha Alan Alejandro Alexis Alicia Amara Amelia Amir Ana Anaïs André Andrea \
    Angela Anika Anna-Lena Anthony Antonio Arjun Ashley Astrid Ayesha Beatriz Benjamin Bianca Björn Brandon Brian \
    Brianna Bridget Caitlin Caleb Camila Carla Carlos Carmen Cassandra Catherine Cécile Charlotte Chidi Chloë Christine \
    Christopher Claire Connor Courtney Cynthia Dana Daniel Danielle Darius David Deborah Denise Derek Diego Dmitri \
    Dominique Donna Dorothy Eduardo Eileen Elena Élise Elizabeth Emeka Emily Emma Eric Erin Esther Ethan Eva Farah \
    Fatima Felipe Fiona Francesca Gabriel Gabriela Gareth George Gina Giulia Grace Graham Gwen Hannah Haruka Heather \
    Heidi Helen Henry Hiroshi Holly Ian Ifeoma Imani Ines Ingrid Irene Isaac Isabel Ivan Jack Jacob Jamal James Jamie \
    Jan Jared Jasmine Javier Jean-Luc Jenna Jennifer Jessica Joan João Joel Johanna John Jonathan Jordan José Joseph \
    Joy Juan Julia Justin Kaitlyn Karen Karim Katarzyna Katherine Keiko Keisha Kelly Kenji Kevin Kimberly Kristen \
    Kwame Kyle Lakshmi Lars Latoya Laura Lauren Leah Leila Leticia Liam Linda Lindsay Lucas Lucía Luis Lydia Maeve \
    Magdalena Mai Malik Marcus Margaret María Marie-Claire Mark Marta Martin Mary-Beth Mateo Matthew Maya Megan \
    Mehmet Mei Melissa Michael Michelle Miguel Mohammed Molly Monica Nadia Naomi Natalia Nathan Niamh Nicholas Nicole \
    Noah Nora Olga Olivia Omar Oscar Pablo Paige Patricia Patrick Paul Peter Philip Phuong Priya Rachel Rafael Raj \
    Ramona Raúl Rebecca Renée Ricardo Robert Robin Rohan Rosa Ryan Sadie Salma Samantha Samuel Sandra Sanjay Sara \
    Sean Shanice Siobhán Sofia Søren Stephanie Steven Sunita Susan Svetlana Tamika Tara Taylor Teresa Theo Thomas \
    Tiffany Timothy Tomás Tyler Uchenna Valerie Vanessa Veronica Victor Vikram Vivian Walter Wendy William Xavier \
    Yara Yolanda Yusuf Zachary Zainab Zoë";

const LAST: &str = "Abbott,Abdullah,Acosta,Adams,Adeyemi,Aguilar,Ahmed,Alexander,Ali,Allen,Almeida,Álvarez,Anderson,\
    Andersson,Aoki,Armstrong,Arsenault,Baker,Banerjee,Barnes,Barros,Bauer,Beaulieu,Becker,Bell,Bennett,Bergström,\
    Bernier,Bianchi,Bishop,Blake,Bouchard,Boyd,Bradley,Brennan,Brooks,Brown,Bryant,Burke,Burns,Butler,Byrne,Cabrera,\
    Campbell,Cardoso,Carlson,Caron,Carroll,Carter,Castillo,Castro,Chan,Chandra,Chang,Charbonneau,Chavez,Chen,Cho,\
    Choi,Clark,Cohen,Cole,Coleman,Collins,Contreras,Cook,Cooper,Costa,Côté,Cox,Crawford,Cruz,Cunningham,Cyr,\
    D'Angelo,D'Souza,da Silva,Daigle,Daly,Daniels,Davies,Davis,de la Cruz,de Vries,Delgado,Desai,Diallo,Díaz,Dixon,\
    Doherty,Domínguez,Dubois,Duffy,Dunn,Eaton,Edwards,Eklund,Ellis,Espinoza,Estrada,Evans,Farrell,Ferguson,\
    Fernández,Ferrari,Fischer,Fisher,Fitzgerald,Flores,Flynn,Fontaine,Ford,Foster,Fournier,Fox,Franco,Fraser,\
    Friedman,Fujita,Gagnon,Gallagher,Garcia,García-Ruiz,Gauthier,Gibson,Gomez,González,Goodwin,Gordon,Graham,Grant,\
    Gray,Green,Greenberg,Griffin,Guerrero,Gupta,Gustafsson,Gutiérrez,Hale,Hall,Hamilton,Hansen,Harris,Harrison,\
    Hayes,Henderson,Hernandez,Herrera,Hicks,Higgins,Hill,Hoang,Hoffman,Holmes,Howard,Huang,Hughes,Hussain,Ibrahim,\
    Ishikawa,Islam,Ito,Ivanov,Iyer,Jackson,Jacobs,Jansen,Jenkins,Jensen,Johansson,Johnson,Johnston,Jones,Joseph,\
    Juárez,Kamara,Kane,Kaplan,Katz,Kaur,Keller,Kelley,Kelly,Kennedy,Khan,Kim,King,Klein,Kobayashi,Koch,Kowalski,\
    Kumar,Kuznetsova,Lachance,Lambert,Larsson,Lavoie,Lee,Leclerc,Lefebvre,Leung,Levesque,Lewis,Li,Lim,Lin,Lindqvist,\
    Liu,Long,Lopez,Lowe,Lynch,MacDonald,Mahoney,Malik,Mancini,Marino,Marshall,Martin,Martínez,Mason,Matthews,\
    McAllister,McCarthy,McKenna,Medina,Mehta,Mendes,Mendoza,Meyer,Michaud,Miller,Mitchell,Mohamed,Molina,Montgomery,\
    Moore,Morales,Moreau,Moreno,Morgan,Morin,Morris,Müller,Murphy,Murray,Mwangi,Nakamura,Navarro,Nelson,Ng,Nguyen,\
    Nielsen,Novak,Nowak,Núñez,O'Brien,O'Connor,O'Donnell,O'Neil,Obi,Okafor,Okonkwo,Oliveira,Olson,Ortega,Ortiz,Osei,\
    Ouellette,Owens,Palmer,Papadopoulos,Park,Parker,Patel,Pelletier,Peña,Pereira,Perez,Perry,Petersen,Pham,Phillips,\
    Pinto,Popescu,Porter,Powell,Price,Quinn,Rahman,Ramírez,Ramos,Rao,Reddy,Reed,Reid,Reyes,Richardson,Rinaldi,Rivera,\
    Roberts,Robinson,Rodríguez,Rojas,Romano,Rosen,Rossi,Roy,Russo,Ryan,Saito,Salazar,Sánchez,Santos,Sato,Schmidt,\
    Schneider,Schwartz,Scott,Sharma,Shaw,Silva,Simmons,Singh,Smith,Soto,St. Pierre,Stewart,Sullivan,Suzuki,Świątek,\
    Takahashi,Tan,Tanaka,Taylor,Thibodeau,Thompson,Torres,Tran,Traoré,Tremblay,Turner,Ueda,Underwood,Usman,Valdez,\
    van Dijk,Vargas,Vásquez,Vega,Vogel,Wagner,Walker,Wallace,Walsh,Wang,Ward,Watanabe,Watson,Weber,Weiss,Wells,White,\
    Williams,Wilson,Wong,Wood,Wright,Wu,Yamamoto,Yang,Yilmaz,Young,Zhang,Zhao,Zimmerman";

const OTHER_SCRIPTS: [(&str, &str); 16] = [
    ("محمد", "العلي"),
    ("فاطمة", "حسن"),
    ("ليلى", "منصور"),
    ("يوسف", "الخطيب"),
    ("李", "雷"),
    ("王", "芳"),
    ("陈", "静"),
    ("张", "伟"),
    ("Анна", "Петрова"),
    ("Дмитрий", "Соколов"),
    ("Ольга", "Ковальчук"),
    ("Сергей", "Ильин"),
    ("Ελένη", "Παππά"),
    ("さくら", "田中"),
    ("민준", "김"),
    ("दीपा", "शर्मा"),
];

const TOWNS: &str = "Saco,Gorham,Biddeford,Scarborough,Portland,Wells,York,Kittery,Sanford,Kennebunk,Westbrook,Windham,\
    Falmouth,Freeport,Brunswick,Bath,Topsham,Lewiston,Auburn,Augusta,Gardiner,Waterville,Skowhegan,Farmington,Rumford,\
    Norway,Bridgton,Naples,Raymond,Standish,Camden,Rockland,Belfast,Bucksport,Ellsworth,Bar Harbor,Bangor,Brewer,\
    Orono,Old Town,Lincoln,Millinocket,Houlton,Presque Isle,Caribou,Fort Kent,Machias,Calais,Eastport,Dover,Exeter,\
    Keene,Nashua,Concord,Laconia,Conway,Berlin,Littleton,Lebanon,Hanover,Barre,Stowe,Rutland,Bennington,Brattleboro,\
    Salem,Lynn,Malden,Quincy,Weymouth,Plymouth,Taunton,Brockton,Milford,Framingham,Leominster,Gardner,Greenfield,\
    Northampton,Holyoke";

const SIDES: &str = "North,South,East,West,Center,Harbor,Mill Street,Main Street,Hill,River,Lake,Station,Village,Plaza,\
    Bridge Street,Park Avenue,Oak Street,Elm Street,Meadow,Point";

const PRACTICE_FIRST: &str = "Atlantic,Bayview,Birchwood,Blue Heron,Cedar Valley,Coastal,Cornerstone,Evergreen,\
    Four Rivers,Granite State,Harborside,Highland,Keystone,Lakeside,Lighthouse,Maple Ridge,Midcoast,Northern Pines,\
    Open Door,Pinnacle,Riverbend,Seaside,Stonebridge,Summit,Tidewater,Timberline,Two Lights,Westfield,White Birch,\
    Willow Brook";

const PRACTICE_LAST: &str = "Physical Therapy,Rehab Group,Therapy Partners,Rehabilitation,Orthopedic & Sports Therapy,\
    Hand & Physical Therapy,Pediatric Therapy,Therapy Associates,Movement Clinic,Rehab Network";

/// The lists, taken apart once.
pub(super) struct NameLists {
    first: Vec<&'static str>,
    last: Vec<&'static str>,
    towns: Vec<&'static str>,
    sides: Vec<&'static str>,
    practices: (Vec<&'static str>, Vec<&'static str>),
}

impl NameLists {
    pub fn new() -> Self {
        let list = |text: &'static str| text.split(',').map(str::trim).collect::<Vec<_>>();
        Self {
            first: FIRST.split_whitespace().collect(),
            last: list(LAST),
            towns: list(TOWNS),
            sides: list(SIDES),
            practices: (list(PRACTICE_FIRST), list(PRACTICE_LAST)),
        }
    }

    /// First and last name.
    pub fn person(&self, random: &mut SeededRng) -> (String, String) {
        if random.per_mille(10) {
            let (first, last) = random.pick(&OTHER_SCRIPTS);
            return ((*first).to_owned(), (*last).to_owned());
        }
        let first = (*random.pick(&self.first)).to_owned();
        (first, self.last(random))
    }

    /// A last name; now and then a double one.
    pub fn last(&self, random: &mut SeededRng) -> String {
        let one = *random.pick(&self.last);
        let other = *random.pick(&self.last);
        let double = random.per_mille(30) && one != other && !one.contains([' ', '-']) && !other.contains([' ', '-']);
        if double { format!("{one}-{other}") } else { one.to_owned() }
    }

    /// The `n`-th clinic of a practice: its name and its town. No two are alike.
    pub fn clinic(&self, n: usize) -> (String, &'static str) {
        let town = self.towns[n % self.towns.len()];
        let round = n / self.towns.len();
        let name = match round {
            0 => town.to_owned(),
            round if round <= self.sides.len() => format!("{town} {}", self.sides[round - 1]),
            round => format!("{town} {} {}", self.sides[round % self.sides.len()], round / self.sides.len() + 1),
        };
        (name, town)
    }

    /// A street.
    pub fn street(&self, random: &mut SeededRng) -> String {
        let street = *random.pick(&self.last);
        format!("{} {street} {}", random.between(1, 980), random.pick(&["St", "Rd", "Ave", "Plz", "Ln"]))
    }

    /// The `n`-th practice of the installation: its name, and letters that no other one has.
    pub fn practice(&self, n: u64) -> (String, String) {
        let (first, last) = &self.practices;
        let at = |list: &[&'static str], n: u64| list[usize::try_from(n % list.len() as u64).unwrap_or(0)];
        let name = format!("{} {} {}", at(first, n), at(last, n / 7), n + 1);
        let letters: String =
            name.split(' ').filter_map(|w| w.chars().next()).filter(char::is_ascii_alphabetic).collect();
        (name, format!("{}{}", letters.to_lowercase(), n + 1))
    }
}
