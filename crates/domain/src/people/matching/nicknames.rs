//! Which given names are short, pet or sister forms of each other. Our own list: one group a line.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

const GROUPS: &str = "\
abigail abby abbie gail
abraham abe bram
adelaide addie ada adele
agnes aggie nessa
albert al bert bertie
alexander alex alec xander sandy sasha alejandro aleksander
alexandra alex alexa sandra sandy sasha lexi alejandra
alfred al alf alfie fred
alice alison allison ally allie
amanda mandy manda
amelia amy millie emily
andrew andy drew andre andres
angela angie angelina angel
ann anne anna annie anita nan nancy hannah
anthony tony antonio anton
antoinette toni nettie
arthur art artie arturo
augustus gus augustine augie
barbara barb barbie babs
beatrice bea trixie beatriz
benjamin ben benji benny
bernadette bernie detta
bernard bernie barney
bradley brad
brandon brandy bran
bridget bridie biddy brigid
caleb cal
calvin cal vin
cameron cam cammie
candace candy candice
caroline carolyn carol carrie caro lynn
cassandra cassie sandra cass
catherine katherine kathryn katharine kathleen cathy kathy kate katie kitty kay cate katy catalina catarina kat
cecilia celia cissy cece
charles charlie chuck chas carlos chip charley
charlotte lottie charlie char
christina christine kristina kristine chris chrissy tina kris christa krista kristin kristen cristina
christopher chris kit topher kristopher christoph cristobal
cindy cynthia
clara claire clare clarissa
clarence clare
clifford cliff
clifton cliff
clinton clint
constance connie
corinne cory cori
cornelius neil connie
curtis curt kurt
daniel dan danny danilo
danielle dani dannie daniela
darlene dar darla
david dave davey davy
deborah debra deb debbie debby
delores dolores lola dee
dennis denny denis
derek derrick deryck rick
diana diane dianne di dina
dominic dom nick domingo
donald don donnie
donna donnie
dorothy dot dottie dolly dora thea
douglas doug
edmund ed eddie ned ted
edward ed eddie ned ted teddy eduardo
edwin ed eddie win
eleanor ellie nell nellie nora elena ellen helen leonora
elizabeth liz lizzie beth betty betsy eliza elisabeth libby bess elsie lisa liza isabel isabella lisbeth lizbeth elisa
emma em emmie
eric erik rick frederick
erica erika ricky
ernest ernie ernesto
esther hester essie
eugene gene
evelyn eve evie
ezekiel zeke
felicia fel felicity
florence flo flora florrie
frances fran frannie francine franny francesca francisca
francis frank fran francisco paco frankie
franklin frank frankie
gabriel gabe
gabriella gabby gabriela gabrielle
geoffrey jeffrey geoff jeff jeffery
george georgie jorge
georgina georgia georgie gina
gerald gerry jerry gerard
gertrude gertie trudy
gilbert gil bert
giovanni gianni john
grace gracie
gregory greg gregg gregorio
guillermo william memo
gwendolyn gwen wendy
harold harry hal
harriet hattie harry
heather heath
henry harry hank hal enrique henri
herbert herb bert
hillary hilary hill
howard howie
ignatius iggy ignacio nacho
irene rena reenie
isaac ike zac
jacob jake jacobo
jacqueline jackie jacquelyn jacki
james jim jimmy jamie jaime jem
jane jean joan janet jeanne janie janice jan
jasmine jazz yasmin yasmine
jason jay jase
jennifer jen jenny jenn jenna
jeremy jerry jeremiah jem
jessica jess jessie
jesse jess
jillian jill gillian gill
joanne jo joanna johanna joann
john jack johnny jon juan jonny ivan ian sean shawn shaun jean
jonathan jon john jonny johnathan jonathon
joseph joe joey jose pepe yusuf josef
josephine jo josie fina
joshua josh
joyce joy
judith judy judi jude
julia julie jules juliana juliet
justin jus
justine tina
karen kari caren karin
katelyn caitlin kaitlyn caitlyn kate kaitlin katie
kenneth ken kenny
kimberly kim kimmie
laura laurie lori lauren laurel laureen
lawrence larry lars laurence lorenzo lonnie
leah lea
leonard leo len lenny leon leonardo
leroy roy lee
leslie les lesley
lewis lou louis louie luis lew
lillian lily lil lilly liliana
linda lindy lynn lyn
louise lou lulu luisa
lucille lucy lucia lou cille lucinda
lucas luke luc
luther lou
madeline maddie maddy madeleine madison
magdalena maggie lena magda
manuel manny
marcus mark marc marco marcos
margaret maggie meg peg peggy marge margie margarita marjorie greta rita daisy margo
maria mary marie mia mariah molly polly mamie maryann
marianne mary marian marion maryanne
marilyn mary lynn
martha marty mattie patsy marta
martin marty
matilda tilly mattie
matthew matt matty mateo mathew
maureen mo reenie
maurice morris mo maury
maximilian max
maxine max
melanie mel
melissa mel missy lissa
mercedes mercy sadie
michael mike mickey mick mikey miguel mitch micheal
michelle shelly michele chelle mickey shelley
mildred millie milly
miranda mandy randi
mitchell mitch
mohammed muhammad mohammad mohamed mo hamid
monica mona monique
nadine nadia dee
natalie nat natasha nata tasha nathalie natalia
nathaniel nathan nate nat
nicholas nick nicky nico nicolas klaus cole
nicole nicky nicki nikki nicola
norman norm
oliver ollie
olivia liv livvy ollie
oscar ozzie
pamela pam pammy
patricia pat patty trish tricia patsy patti
patrick pat paddy rick
paul pablo paulie
paula pauline polly
penelope penny nell
peter pete pedro
philip phil phillip pip felipe
priscilla cilla prissy
rachel rae rachael shelly
ralph rafe
randall randy rand
randolph randy dolph
raymond ray ramon
rebecca becky becca beck
reginald reggie reg rex
regina gina reggie
rhonda ron ronnie
richard rick dick rich richie ricky ricardo
robert rob bob bobby robbie bert roberto robby
roberta bobbie robbie berta
rodney rod
roger rodge
roland rollie
ronald ron ronnie
rosemary rose rosie romy
rose rosa rosie rosalie rosalind roslyn
russell russ rusty
samantha sam sammy
samuel sam sammy
sarah sara sally sadie
scott scotty
sebastian seb bastian
sharon shari sherry
shirley shirl
sidney sid sydney
simon si simeon
sophia sophie sofia
stanley stan
stephanie steph stephie stefanie stevie
stephen steven steve stevie stefan esteban
stuart stu stewart
susan sue susie suzanne susanna suzie suzy susannah
sylvia syl silvia
tabitha tabby
tamara tammy tam
teresa theresa terry tess tessa terri tracy teri
terence terry terrence
thaddeus thad tad ted
theodore theo ted teddy
theodora thea dora theo
thomas tom tommy tomas
timothy tim timmy
tobias toby
travis trav
tyler ty
valerie val valeria
vanessa nessa van
veronica ronnie vera roni
victor vic vick
victoria vicky tori vicki vickie
vincent vince vinny vin vicente
virginia ginny ginger gina
vivian viv vivienne
walter walt wally
wendell dell
wesley wes
wilhelmina mina willa billie minnie
william bill will billy willie liam bil wilhelm
winifred winnie freda fred
yolanda yoli
yvonne vonnie evonne
zachary zach zack zac zachariah
";

/// Common given names without short forms: two of them that differ in one letter are two names, not a typing error.
const OTHERS: &str = "aaron adam aisha alan alana alicia alma alvin ana antonia april ariel arjun ashley aubrey aurora \
    austin ava avery beverly blake bonnie brad brenda brent brett brian bryan bruce bryce byron carla carmen carl casey \
    chad chelsea chloe cody colin colleen connor cora courtney craig crystal daisuke dale damon dana darius darren dawn \
    dean deepa della desmond devon dominique doris drake duane dustin dwight dylan earl edith eileen eli elias elijah \
    ella elliot eloise elmer elsa emilio emmanuel enzo erin ethan eva faith faye fatima fernando fiona gavin gail ginger \
    glen glenn gloria gordon graham grant guy gustavo hailey hana hassan hazel hector heidi holly hope hugh hugo ida \
    imran ines irma isaiah iris itzel ivy jade janelle jared javier jeanette jenna jesus jill jim joaquin jocelyn jodi \
    joel jordan jorge josiah joy joyce juana juanita julian june karl karla kayla keith kelly kelsey kendra kenji kent \
    kevin kiara kirk kyle lamar lance latoya layla lena leo leona leila liang liam logan lois loretta lorraine luz lydia \
    mabel mai malik mara marcia marco marina mario marisa marissa marlene marvin mason maya megan mei melvin meredith \
    miles milo minh mina miriam misty moses myra nadia nathan neil nina noah noel noelle nora norma omar opal owen paige \
    parker pearl perry phoebe phyllis pierce priya quentin quinn rafael rajesh ramona raquel raul ravi reese renee rex \
    rhea rita riley rocio roman rosa ross roy ruben ruby ruth ryan sabrina salvador savannah sean selena serena seth \
    shane shannon sheila shelby sherman sierra skyler sonia spencer stacy stella tanya tara taylor tessa tiffany tina \
    todd tracy trent trevor tristan troy tyrone uma vera vernon wade wanda warren wayne wilma xavier yuki yusra yvette \
    zoe zelda";

type Number = u16;

static TABLE: LazyLock<HashMap<&'static str, Vec<Number>>> = LazyLock::new(|| {
    let mut table: HashMap<&'static str, Vec<Number>> = HashMap::new();
    for (number, line) in (0..).zip(GROUPS.lines()) {
        for name in line.split_whitespace() {
            let groups = table.entry(name).or_default();
            if !groups.contains(&number) {
                groups.push(number);
            }
        }
    }
    table
});

static KNOWN: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| TABLE.keys().copied().chain(OTHERS.split_whitespace()).collect());

/// The groups a given name belongs to; few or none.
pub(super) fn groups(name: &str) -> &'static [Number] {
    TABLE.get(name).map_or(&[], Vec::as_slice)
}

/// True when one stands for the other.
pub(super) fn related(one: &str, other: &str) -> bool {
    let mine = groups(one);
    groups(other).iter().any(|g| mine.contains(g))
}

/// True for a name that is surely no typing error.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.contains(name)
}

/// Every group, for generating variants in tests and measurements.
pub fn nickname_groups() -> impl Iterator<Item = Vec<&'static str>> {
    GROUPS.lines().map(|line| line.split_whitespace().collect())
}
